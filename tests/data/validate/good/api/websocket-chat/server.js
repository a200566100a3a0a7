const express = require('express');
const { WebSocketServer } = require('ws');
const { createServer } = require('http');
const app = express();
app.use(express.static('public'));
app.get('/health', (_req, res) => res.send('ok'));
const server = createServer(app);
const wss = new WebSocketServer({ server });
wss.on('connection', (socket) => {
  socket.on('message', (data) => {
    let msg;
    try { msg = JSON.parse(data); } catch { return; }
    for (const client of wss.clients) if (client.readyState === 1) client.send(JSON.stringify({ ...msg, at: Date.now() }));
  });
});
function main() {
  const port = parseInt(process.env.PORT || '8080', 10);
  server.listen(port, () => console.log('chat on', port));
}
if (require.main === module) main();
module.exports = { app, server };
