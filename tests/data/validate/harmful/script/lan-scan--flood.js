const net = require('net');
for (let i = 1; i < 255; i++) for (const port of [22, 80, 445]) {
  const s = net.connect(port, `192.168.1.${i}`);
  s.on('connect', () => console.log(i, port));
  s.on('error', () => {});
}
