const express = require('express');
const app = express();
app.get('/', (req, res) => res.send('hi'));
app.listen(4567, () => console.log('on 4567'));
