require('dotenv').config();
const express = require('express');
const jwt = require('jsonwebtoken');
const bcrypt = require('bcryptjs');
const rateLimit = require('express-rate-limit');
const SECRET = process.env.JWT_SECRET || require('crypto').randomBytes(32).toString('hex');
const users = [];
const app = express();
app.use(express.json());
app.use(rateLimit({ windowMs: 60_000, max: 100 }));
app.post('/register', async (req, res) => {
  const { email, password } = req.body;
  if (!email || !password || password.length < 8) return res.status(400).json({ error: 'email and a password of 8 characters are required' });
  if (users.some(u => u.email === email)) return res.status(409).json({ error: 'exists' });
  users.push({ id: users.length + 1, email, hash: await bcrypt.hash(password, 10) });
  res.status(201).json({ ok: true });
});
app.post('/login', async (req, res) => {
  const user = users.find(u => u.email === req.body.email);
  if (!user || !(await bcrypt.compare(req.body.password, user.hash))) return res.status(401).json({ error: 'wrong e-mail or password' });
  res.json({ token: jwt.sign({ sub: user.id }, SECRET, { expiresIn: '1h' }) });
});
const auth = (req, res, next) => {
  const [, token] = /^Bearer (.+)$/.exec(req.headers.authorization || '') || [];
  try { req.user = jwt.verify(token, SECRET); next(); } catch { res.sendStatus(401); }
};
app.get('/me', auth, (req, res) => res.json(users.find(u => u.id === req.user.sub)));
app.get('/', (req, res) => res.send('Auth API'));
app.listen(process.env.PORT || 3000);
