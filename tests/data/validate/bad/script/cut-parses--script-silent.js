const fs = require('fs');
function main() {
  const text = fs.readFileSync(__filename, 'utf8');
  console.log(text.length);
}
