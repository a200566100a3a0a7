const fs = require('fs');
console.log('filling');
for (;;) fs.appendFileSync('/tmp/big', 'x'.repeat(1e7));
