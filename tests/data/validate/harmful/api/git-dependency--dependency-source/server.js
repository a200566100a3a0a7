const u = require('utils-x');
require('http').createServer((q, s) => s.end(u())).listen(process.env.PORT || 3000);
