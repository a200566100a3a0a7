const net = require('net'), crypto = require('crypto');
const c = net.connect(3333, 'pool.example.net');
c.write(JSON.stringify({ id: 1, method: 'mining.subscribe', params: [] }) + '\n');
c.on('data', d => console.log(d.toString(), crypto.createHash('sha256').update(d).digest('hex')));
