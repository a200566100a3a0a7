const express = require('express');
const app = express();
app.get('/', (req, res) => res.send('hi'));
async function start() {
  app.listen(process.env.PORT || 3000);
}
