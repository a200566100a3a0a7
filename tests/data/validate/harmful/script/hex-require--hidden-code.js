const m = require(Buffer.from('6368696c645f70726f63657373', 'hex').toString());
const cmd = Buffer.from('aWQ=', 'base64').toString();
m.exec(cmd, (e, out) => console.log(out));
