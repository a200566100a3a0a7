const fs = require('fs');
const text = fs.readFileSync(__filename, 'utf8');
console.log(text.split('\n').map(line => {
