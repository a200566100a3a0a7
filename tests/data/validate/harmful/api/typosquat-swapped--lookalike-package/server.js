const _ = require('lodahs');
require('http').createServer((q, s) => s.end(_.VERSION)).listen(process.env.PORT || 3000);
