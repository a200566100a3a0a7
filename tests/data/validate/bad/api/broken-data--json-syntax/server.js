const http = require('http');
const cities = require('./cities.json');
http.createServer((q, s) => s.end(JSON.stringify(cities))).listen(process.env.PORT || 3000);
