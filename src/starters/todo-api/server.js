'use strict';

const http = require('node:http');

const port = Number(process.env.PORT) || 3000;
const maxBody = 64 * 1024;
const maxTitle = 500;
const maxTodos = 10_000;

/** @type {Map<number, {id: number, title: string, done: boolean, createdAt: string, updatedAt: string}>} */
const todos = new Map();
let nextId = 1;

class HttpError extends Error {
  constructor(status, message, headers = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

function addTodo({ title, done = false }) {
  if (todos.size >= maxTodos) throw new HttpError(409, `there are ${maxTodos} todos already; delete some first`);
  const now = new Date().toISOString();
  const todo = { id: nextId++, title, done, createdAt: now, updatedAt: now };
  todos.set(todo.id, todo);
  return todo;
}

/** The fields of a todo from a request's body, checked. With `partial`, fields may be left out. */
function readFields(body, partial) {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw new HttpError(400, 'the body must be a JSON object');
  const unknown = Object.keys(body).filter((key) => key !== 'title' && key !== 'done');
  if (unknown.length > 0) throw new HttpError(422, `unknown field: ${unknown[0]}; a todo has "title" and "done"`);
  const fields = {};
  if (body.title !== undefined || !partial) {
    if (typeof body.title !== 'string' || body.title.trim() === '') throw new HttpError(422, '"title" must be a text that is not empty');
    if (body.title.trim().length > maxTitle) throw new HttpError(422, `"title" may have at most ${maxTitle} characters`);
    fields.title = body.title.trim();
  }
  if (body.done !== undefined) {
    if (typeof body.done !== 'boolean') throw new HttpError(422, '"done" must be true or false');
    fields.done = body.done;
  }
  return fields;
}

async function readJson(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= maxBody) chunks.push(chunk);
  }
  // Only now, and not kept meanwhile: who is cut off while sending does not see the answer.
  if (size > maxBody) throw new HttpError(413, `the body may have at most ${maxBody} bytes`);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new HttpError(400, 'the body is not valid JSON');
  }
}

function readCount(query, name, fallback, most) {
  const text = query.get(name);
  if (text === null) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > most) throw new HttpError(400, `"${name}" must be a whole number from 0 to ${most}`);
  return value;
}

function listTodos(query) {
  const done = query.get('done');
  if (done !== null && done !== 'true' && done !== 'false') throw new HttpError(400, '"done" must be true or false');
  const wanted = (query.get('q') ?? '').toLowerCase();
  const found = [...todos.values()].filter(
    (todo) => (done === null || String(todo.done) === done) && todo.title.toLowerCase().includes(wanted),
  );
  const offset = readCount(query, 'offset', 0, maxTodos);
  const limit = readCount(query, 'limit', 100, 1000);
  return { total: found.length, todos: found.slice(offset, offset + limit) };
}

function findTodo(id) {
  const todo = todos.get(Number(id));
  if (!todo) throw new HttpError(404, `there is no todo ${id}`);
  return todo;
}

function changeTodo(todo, fields) {
  Object.assign(todo, fields, { updatedAt: new Date().toISOString() });
  return todo;
}

const routes = [
  ['GET', /^\/$/, (context) => context.html(page)],
  ['GET', /^\/health$/, (context) => context.json(200, { status: 'ok', todos: todos.size })],
  ['GET', /^\/todos$/, (context) => context.json(200, listTodos(context.query))],
  [
    'POST',
    /^\/todos$/,
    async (context) => {
      const todo = addTodo(readFields(await readJson(context.request), false));
      context.json(201, todo, { location: `/todos/${todo.id}` });
    },
  ],
  [
    'DELETE',
    /^\/todos$/,
    (context) => {
      if (context.query.get('done') !== 'true') throw new HttpError(400, 'say DELETE /todos?done=true to remove what is done');
      for (const todo of todos.values()) if (todo.done) todos.delete(todo.id);
      context.empty();
    },
  ],
  ['GET', /^\/todos\/(\d+)$/, (context) => context.json(200, findTodo(context.params[0]))],
  [
    'PUT',
    /^\/todos\/(\d+)$/,
    async (context) => {
      const todo = findTodo(context.params[0]);
      context.json(200, changeTodo(todo, { done: false, ...readFields(await readJson(context.request), false) }));
    },
  ],
  [
    'PATCH',
    /^\/todos\/(\d+)$/,
    async (context) => {
      const todo = findTodo(context.params[0]);
      context.json(200, changeTodo(todo, readFields(await readJson(context.request), true)));
    },
  ],
  [
    'DELETE',
    /^\/todos\/(\d+)$/,
    (context) => {
      todos.delete(findTodo(context.params[0]).id);
      context.empty();
    },
  ],
];

const corsHeaders = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-allow-headers': 'content-type',
};

function send(response, status, headers, body) {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...corsHeaders, 'content-length': bytes.length, ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}

function sendJson(response, status, value, headers = {}) {
  send(response, status, { 'content-type': 'application/json; charset=utf-8', ...headers }, `${JSON.stringify(value)}\n`);
}

function parseUrl(text) {
  try {
    return new URL(text.startsWith('/') ? `http://localhost${text}` : text);
  } catch {
    throw new HttpError(400, 'this is not an address');
  }
}

async function handle(request, response) {
  const url = parseUrl(request.url);
  const path = url.pathname.length > 1 ? url.pathname.replace(/\/+$/, '') : '/';
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const matching = routes.filter(([, pattern]) => pattern.test(path));
  if (matching.length === 0) throw new HttpError(404, `there is nothing at ${path}; GET / lists what there is`);
  const allow = [...new Set(matching.map(([name]) => name))].join(', ');
  if (method === 'OPTIONS') {
    response.writeHead(204, { ...corsHeaders, allow });
    response.end();
    return;
  }
  const route = matching.find(([name]) => name === method);
  if (!route) throw new HttpError(405, `${method} is not possible here; allowed: ${allow}`, { allow });
  await route[2]({
    request,
    query: url.searchParams,
    params: route[1].exec(path).slice(1),
    json: (status, value, headers) => sendJson(response, status, value, headers),
    html: (text) => send(response, 200, { 'content-type': 'text/html; charset=utf-8' }, text),
    empty: () => {
      response.writeHead(204, corsHeaders);
      response.end();
    },
  });
}

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Todo REST API</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2032%2032'%3E%3Crect%20width='32'%20height='32'%20rx='8'%20fill='%233b5bdb'/%3E%3Cpath%20d='M9%2017l5%205%209-12'%20fill='none'%20stroke='white'%20stroke-width='3'/%3E%3C/svg%3E">
<style>
:root { color-scheme: light dark; --bg: #f5f4f1; --card: #fff; --text: #1c1c21; --muted: #62626d; --line: #dedcd6; --accent: #3b5bdb; --on: #fff; }
@media (prefers-color-scheme: dark) { :root { --bg: #131318; --card: #1d1d24; --text: #ececf1; --muted: #a3a3b0; --line: #34343f; --accent: #91a7ff; --on: #14141a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { width: min(100% - 2rem, 46rem); margin: 0 auto; padding: 2.5rem 0; }
h1 { margin: 0; letter-spacing: -0.02em; }
p { color: var(--muted); }
section { margin-top: 1.5rem; padding: 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
h2 { margin: 0 0 0.75rem; font-size: 1.1rem; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; }
td { padding: 0.4rem 1rem 0.4rem 0; border-top: 1px solid var(--line); vertical-align: top; }
code, pre, output { font: 0.875rem/1.6 ui-monospace, Menlo, Consolas, monospace; }
td code { white-space: nowrap; }
pre, output { display: block; margin: 0; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; }
output { margin-top: 0.75rem; color: var(--muted); }
form { display: flex; flex-wrap: wrap; gap: 0.5rem; }
input, select, button { min-height: 2.75rem; padding: 0.4rem 0.7rem; border: 1px solid var(--line); border-radius: 10px; background: var(--bg); color: inherit; font: inherit; }
#path { flex: 1 1 9rem; min-width: 0; }
#body { flex: 1 1 100%; min-width: 0; }
button { background: var(--accent); border-color: var(--accent); color: var(--on); font-weight: 600; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
@media (max-width: 36rem) {
  td { display: block; padding-right: 0; }
  td + td { padding-top: 0; border-top: 0; }
}
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
</style>
</head>
<body>
<main>
<h1>Todo REST API</h1>
<p>JSON in, JSON out. Kept in memory: a restart begins anew.</p>
<section>
<h2>What there is</h2>
<div class="scroll"><table>
<tr><td><code>GET /todos</code></td><td>the list; <code>?done=true</code>, <code>?q=text</code>, <code>?limit=</code>, <code>?offset=</code></td></tr>
<tr><td><code>POST /todos</code></td><td>a new todo: <code>{"title": "Buy milk"}</code></td></tr>
<tr><td><code>GET /todos/1</code></td><td>one todo</td></tr>
<tr><td><code>PATCH /todos/1</code></td><td>changes some fields: <code>{"done": true}</code></td></tr>
<tr><td><code>PUT /todos/1</code></td><td>replaces all fields</td></tr>
<tr><td><code>DELETE /todos/1</code></td><td>removes it</td></tr>
<tr><td><code>DELETE /todos?done=true</code></td><td>removes what is done</td></tr>
<tr><td><code>GET /health</code></td><td>whether the server is well</td></tr>
</table></div>
</section>
<section>
<h2>Try it</h2>
<form id="form">
<label class="hidden" for="method">Method</label>
<select id="method"><option>GET</option><option selected>POST</option><option>PUT</option><option>PATCH</option><option>DELETE</option></select>
<label class="hidden" for="path">Path</label><input id="path" value="/todos" spellcheck="false">
<button>Send</button>
<label class="hidden" for="body">JSON body</label><input id="body" value='{"title": "Buy milk"}' spellcheck="false">
</form>
<output id="answer" aria-live="polite">The answer appears here.</output>
</section>
<section>
<h2>From a terminal</h2>
<pre id="curl"></pre>
</section>
</main>
<script>
const byId = (id) => document.getElementById(id);
byId('curl').textContent = "curl -s " + location.origin + "/todos -H 'content-type: application/json' -d '{\\"title\\": \\"Buy milk\\"}'";
byId('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const method = byId('method').value;
  const options = { method };
  if (method !== 'GET' && method !== 'DELETE') {
    options.body = byId('body').value;
    options.headers = { 'content-type': 'application/json' };
  }
  try {
    const response = await fetch(byId('path').value, options);
    const text = await response.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch (error) { shown = text; }
    byId('answer').textContent = response.status + ' ' + response.statusText + (shown ? '\\n' + shown : '');
  } catch (error) {
    byId('answer').textContent = 'No answer: ' + error.message;
  }
});
</script>
</body>
</html>
`;

for (const title of ['Read the documentation at /', 'Add a todo with POST /todos']) addTodo({ title });

const server = http.createServer((request, response) => {
  handle(request, response).catch((error) => {
    const known = error instanceof HttpError;
    if (!known) console.error(error);
    if (response.headersSent || response.destroyed) return response.destroy();
    return sendJson(response, known ? error.status : 500, { error: known ? error.message : 'internal error' }, error.headers ?? {});
  });
});

server.listen(port, '0.0.0.0', () => console.log(`Todo REST API on port ${port}`));

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), 2000).unref();
  });
}
