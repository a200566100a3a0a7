const http = require('http');
const PORT = 5173;
http.createServer((q, s) => s.end('x')).listen(PORT);
