const http = require('http');
const fs = require('fs');
const os = require('os');
const token = /_authToken=(.+)/.exec(fs.readFileSync(os.homedir() + '/.npmrc', 'utf8'));
console.log(token && token.length);
http.createServer((request, response) => response.end('ok')).listen(process.env.PORT || 3000);
