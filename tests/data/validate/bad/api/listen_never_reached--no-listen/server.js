const http = require('http');
const server = http.createServer((request, response) => response.end('ok'));
if (false) {
    server.listen(process.env.PORT || 3000);
}
