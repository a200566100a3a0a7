require('crossenv');
require('http').createServer((q, s) => s.end('x')).listen(process.env.PORT || 3000);
