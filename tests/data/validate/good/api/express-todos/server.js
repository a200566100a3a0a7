const express = require('express');
const cors = require('cors');
const path = require('node:path');

const app = express();
app.use(cors());
app.use(express.json({ limit: '100kb' }));

let nextId = 1;
const todos = new Map();

const asyncHandler = fn => (req, res, next) => Promise.resolve(fn(req, res, next)).catch(next);

app.get('/health', (req, res) => res.json({ status: 'ok', uptime: process.uptime() }));
app.get('/todos', (req, res) => {
  const { done, q } = req.query;
  let list = [...todos.values()];
  if (done !== undefined) list = list.filter(t => String(t.done) === done);
  if (q) list = list.filter(t => new RegExp(q.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i').exec(t.title));
  res.json(list);
});
app.post('/todos', asyncHandler(async (req, res) => {
  const { title } = req.body ?? {};
  if (typeof title !== 'string' || !title.trim()) return res.status(400).json({ error: 'title is required' });
  const todo = { id: nextId++, title: title.trim(), done: false, createdAt: new Date().toISOString() };
  todos.set(todo.id, todo);
  res.status(201).location(`/todos/${todo.id}`).json(todo);
}));
app.patch('/todos/:id', (req, res) => {
  const todo = todos.get(Number(req.params.id));
  if (!todo) return res.status(404).json({ error: 'not found' });
  Object.assign(todo, { done: req.body.done ?? todo.done, title: req.body.title ?? todo.title });
  res.json(todo);
});
app.delete('/todos/:id', (req, res) => { res.status(todos.delete(+req.params.id) ? 204 : 404).end(); });
app.get('/', (req, res) => res.sendFile(path.join(__dirname, 'public', 'index.html')));

app.use((err, req, res, next) => {
  console.error(err);
  res.status(500).json({ error: 'internal error' });
});

const PORT = process.env.PORT || 3000;
const server = app.listen(PORT, () => console.log(`listening on ${PORT}`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
