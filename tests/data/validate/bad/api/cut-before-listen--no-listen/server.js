const http = require('http');
const items = [];
function list(req, res) {
  res.end(JSON.stringify(items));
}
const server = http.createServer(list);
