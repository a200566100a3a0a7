const crypto = require('crypto');
function encrypt(text, password) {
  const salt = crypto.randomBytes(16), iv = crypto.randomBytes(12);
  const key = crypto.scryptSync(password, salt, 32);
  const cipher = crypto.createCipheriv('aes-256-gcm', key, iv);
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return [salt, iv, cipher.getAuthTag(), data].map(b => b.toString('base64')).join('.');
}
function decrypt(token, password) {
  const [salt, iv, tag, data] = token.split('.').map(p => Buffer.from(p, 'base64'));
  const decipher = crypto.createDecipheriv('aes-256-gcm', crypto.scryptSync(password, salt, 32), iv);
  decipher.setAuthTag(tag);
  return Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8');
}
const token = encrypt('attack at dawn', 'hunter2');
console.log(token, decrypt(token, 'hunter2'));
console.log(crypto.createHash('sha256').update('abc').digest('hex'));
