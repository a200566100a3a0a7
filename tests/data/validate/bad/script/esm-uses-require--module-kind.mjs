import fs from 'node:fs';
const path = require('path');
console.log(path.join('a', 'b'), fs.existsSync('x'));
