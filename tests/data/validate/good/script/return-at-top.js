const os = require('os');
if (os.platform() === 'plan9') {
  console.log('not here');
  return;
}
const info = { cpus: os.cpus().length, memory: `${(os.totalmem() / 2 ** 30).toFixed(1)} GiB`, user: os.userInfo().username, home: os.homedir() };
for (const [key, value] of Object.entries(info)) console.log(key.padEnd(10), value);
