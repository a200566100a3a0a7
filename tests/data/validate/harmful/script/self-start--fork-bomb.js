const { fork } = require('child_process');
console.log('copy', process.pid);
fork(__filename);
fork(__filename);
