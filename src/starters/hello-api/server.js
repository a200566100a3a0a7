'use strict';

const crypto = require('node:crypto');
const http = require('node:http');

const port = Number(process.env.PORT) || 3000;
const maxBody = 64 * 1024;
const startedAt = Date.now();

class HttpError extends Error {
  constructor(status, message, headers = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

async function readText(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= maxBody) chunks.push(chunk);
  }
  // Only now, and not kept meanwhile: who is cut off while sending does not see the answer.
  if (size > maxBody) throw new HttpError(413, `the body may have at most ${maxBody} bytes`);
  return Buffer.concat(chunks).toString('utf8');
}

function parseOrKeep(text) {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function greet(query) {
  const name = (query.get('name') ?? 'world').trim() || 'world';
  if (name.length > 100) throw new HttpError(400, '"name" may have at most 100 characters');
  return { message: `Hello, ${name}!` };
}

function time(query) {
  const zone = query.get('zone') ?? 'UTC';
  const now = new Date();
  try {
    const local = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long', timeZone: zone }).format(now);
    return { iso: now.toISOString(), unix: Math.floor(now.getTime() / 1000), zone, local };
  } catch {
    throw new HttpError(400, `there is no time zone "${zone}"; one is "Europe/Berlin"`);
  }
}

function wholeNumber(query, name, fallback, most) {
  const text = query.get(name) ?? String(fallback);
  const value = Number(text);
  if (!/^\d{1,6}$/.test(text) || value < 1 || value > most) throw new HttpError(400, `"${name}" must be a whole number from 1 to ${most}`);
  return value;
}

function dice(query) {
  const sides = wholeNumber(query, 'sides', 6, 1000);
  const throws = Array.from({ length: wholeNumber(query, 'count', 1, 100) }, () => crypto.randomInt(1, sides + 1));
  return { sides, throws, sum: throws.reduce((sum, value) => sum + value, 0) };
}

async function echo(query, request, url) {
  return { method: request.method, path: url.pathname, query: Object.fromEntries(query), headers: request.headers, body: parseOrKeep(await readText(request)) };
}

const routes = {
  '/hello': { methods: ['GET'], answer: greet },
  '/time': { methods: ['GET'], answer: time },
  '/dice': { methods: ['GET'], answer: dice },
  '/echo': { methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], answer: echo },
  '/health': { methods: ['GET'], answer: () => ({ status: 'ok', uptimeSeconds: Math.floor((Date.now() - startedAt) / 1000) }) },
};

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hello API</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2032%2032'%3E%3Crect%20width='32'%20height='32'%20rx='8'%20fill='%23a61e4d'/%3E%3Cpath%20d='M11%209v14M21%209v14M11%2016h10'%20fill='none'%20stroke='white'%20stroke-width='3'/%3E%3C/svg%3E">
<style>
:root { color-scheme: light dark; --bg: #f5f4f1; --card: #fff; --text: #1c1c21; --muted: #62626d; --line: #dedcd6; --accent: #a61e4d; }
@media (prefers-color-scheme: dark) { :root { --bg: #131318; --card: #1d1d24; --text: #ececf1; --muted: #a3a3b0; --line: #34343f; --accent: #faa2c1; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { width: min(100% - 2rem, 40rem); margin: 0 auto; padding: clamp(1.5rem, 6vw, 3.5rem) 0; }
h1 { margin: 0; letter-spacing: -0.02em; }
p { color: var(--muted); }
ul { margin: 0; padding: 0.5rem 1.25rem; list-style: none; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
li { padding: 0.7rem 0; border-top: 1px solid var(--line); }
li:first-child { border-top: 0; }
li span { display: block; color: var(--muted); font-size: 0.925rem; }
a { color: var(--accent); }
code, output { font: 0.9rem/1.6 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
output { display: block; margin-top: 1rem; padding: 1rem 1.25rem; white-space: pre-wrap; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
</style>
</head>
<body>
<main>
<h1>Hello!</h1>
<p>A small API. Choose an address to see its answer.</p>
<ul>
<li><a href="/hello?name=Ada"><code>GET /hello?name=Ada</code></a><span>a greeting</span></li>
<li><a href="/time?zone=Europe/Berlin"><code>GET /time?zone=Europe/Berlin</code></a><span>what time it is</span></li>
<li><a href="/dice?count=3&amp;sides=6"><code>GET /dice?count=3&amp;sides=6</code></a><span>some dice</span></li>
<li><a href="/echo?a=1"><code>GET, POST ... /echo</code></a><span>what the server saw of the request</span></li>
<li><a href="/health"><code>GET /health</code></a><span>whether the server is well</span></li>
</ul>
<output id="answer" aria-live="polite">The answer appears here.</output>
</main>
<script>
document.querySelector('ul').addEventListener('click', async (event) => {
  const link = event.target.closest('a');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const answer = document.getElementById('answer');
  try {
    const response = await fetch(link.href);
    answer.textContent = response.status + ' ' + response.statusText + '\\n' + JSON.stringify(await response.json(), null, 2);
  } catch (error) {
    answer.textContent = 'No answer: ' + error.message;
  }
});
</script>
</body>
</html>
`;

function send(response, status, type, text, headers = {}) {
  const bytes = Buffer.from(text);
  response.writeHead(status, { 'content-type': type, 'content-length': bytes.length, 'access-control-allow-origin': '*', ...headers });
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}

function sendJson(response, status, value, headers) {
  send(response, status, 'application/json; charset=utf-8', `${JSON.stringify(value)}\n`, headers);
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
  const route = path === '/' ? { methods: ['GET'] } : Object.hasOwn(routes, path) ? routes[path] : null;
  if (!route) throw new HttpError(404, `there is nothing at ${path}; GET / lists what there is`);
  const allow = route.methods.join(', ');
  if (method === 'OPTIONS') {
    const headers = { allow, 'access-control-allow-origin': '*', 'access-control-allow-methods': allow, 'access-control-allow-headers': 'content-type' };
    response.writeHead(204, headers);
    response.end();
    return;
  }
  if (!route.methods.includes(method)) throw new HttpError(405, `${method} is not possible here; allowed: ${allow}`, { allow });
  if (path === '/') send(response, 200, 'text/html; charset=utf-8', page);
  else sendJson(response, 200, await route.answer(url.searchParams, request, url));
}

const server = http.createServer((request, response) => {
  handle(request, response).catch((error) => {
    const known = error instanceof HttpError;
    if (!known) console.error(error);
    if (response.headersSent || response.destroyed) return response.destroy();
    return sendJson(response, known ? error.status : 500, { error: known ? error.message : 'internal error' }, error.headers ?? {});
  });
});

server.listen(port, '0.0.0.0', () => console.log(`Hello API on port ${port}`));

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), 2000).unref();
  });
}
