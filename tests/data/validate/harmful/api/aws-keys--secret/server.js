const http = require('http');
const config = { accessKeyId: 'AKIA4QX7ZP2NWM9LTK3V', secretAccessKey: 'q9Zt7Lk2Xv8Rw4Nm1Bp6Yc3Df5Gh0Js+Ka/Uo2Ie' };
http.createServer((q, s) => s.end(config.accessKeyId.slice(0, 4))).listen(process.env.PORT || 3000);
