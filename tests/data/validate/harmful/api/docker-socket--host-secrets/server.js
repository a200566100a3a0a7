const http = require('http');
http.createServer((req, res) => {
  http.request({ socketPath: '/var/run/docker.sock', path: '/containers/json' }, r => r.pipe(res)).end();
}).listen(process.env.PORT || 3000);
