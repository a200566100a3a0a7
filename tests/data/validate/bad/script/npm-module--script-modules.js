const axios = require('axios');
const _ = require('lodash');
axios.get('https://example.com').then(r => console.log(_.size(r.data)));
