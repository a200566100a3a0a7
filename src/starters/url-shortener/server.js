'use strict';

const crypto = require('node:crypto');
const http = require('node:http');

const port = Number(process.env.PORT) || 3000;
const maxBody = 16 * 1024;
const maxUrl = 2048;
const maxLinks = 10_000;
const reserved = new Set(['api', 'health', 'favicon.ico', 'robots.txt']);
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';

/** @type {Map<string, {code: string, url: string, clicks: number, createdAt: string, lastClickAt: string | null}>} */
const links = new Map();

class HttpError extends Error {
  constructor(status, message, headers = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

function newCode() {
  for (;;) {
    const code = Array.from({ length: 6 }, () => alphabet[crypto.randomInt(alphabet.length)]).join('');
    if (!links.has(code)) return code;
  }
}

function checkUrl(text) {
  if (typeof text !== 'string' || text.trim() === '') throw new HttpError(422, '"url" must be the address to shorten');
  const given = text.trim();
  if (given.length > maxUrl) throw new HttpError(422, `"url" may have at most ${maxUrl} characters`);
  let url;
  try {
    url = new URL(/^[a-z][a-z0-9+.-]*:/i.test(given) && !/^[^/]+:\d/.test(given) ? given : `https://${given}`);
  } catch {
    throw new HttpError(422, '"url" is not a valid address');
  }
  // Anything else, such as javascript: or data:, would run on the visitor's machine.
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new HttpError(422, '"url" must begin with http:// or https://');
  return url.href;
}

function createLink(body) {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw new HttpError(400, 'the body must be a JSON object');
  const url = checkUrl(body.url);
  const custom = body.code === undefined || body.code === '' ? null : body.code;
  if (custom !== null) {
    if (typeof custom !== 'string' || !/^[A-Za-z0-9_-]{2,40}$/.test(custom)) {
      throw new HttpError(422, '"code" may have 2 to 40 letters, digits, "-" and "_"');
    }
    if (reserved.has(custom.toLowerCase()) || links.has(custom)) throw new HttpError(409, `"${custom}" is taken`);
  }
  if (links.size >= maxLinks) throw new HttpError(409, `there are ${maxLinks} links already; delete some first`);
  const link = { code: custom ?? newCode(), url, clicks: 0, createdAt: new Date().toISOString(), lastClickAt: null };
  links.set(link.code, link);
  return link;
}

function findLink(code) {
  const link = links.get(code);
  if (!link) throw new HttpError(404, `there is no link "${code}"`);
  return link;
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

/** Where visitors see this server: behind a gateway, only the request knows. */
function originOf(request) {
  const host = request.headers['x-forwarded-host'] ?? request.headers.host ?? `localhost:${port}`;
  const protocol = String(request.headers['x-forwarded-proto'] ?? 'http').split(',')[0].trim();
  return `${protocol === 'https' ? 'https' : 'http'}://${host}`;
}

const describe = (link, request) => ({ ...link, shortUrl: `${originOf(request)}/${link.code}` });

const routes = [
  ['GET', /^\/$/, (context) => context.html(page)],
  ['GET', /^\/health$/, (context) => context.json(200, { status: 'ok', links: links.size })],
  [
    'GET',
    /^\/api\/links$/,
    (context) => context.json(200, { links: [...links.values()].reverse().map((link) => describe(link, context.request)) }),
  ],
  [
    'POST',
    /^\/api\/links$/,
    async (context) => {
      const link = createLink(await readJson(context.request));
      context.json(201, describe(link, context.request), { location: `/api/links/${link.code}` });
    },
  ],
  ['GET', /^\/api\/links\/([\w-]+)$/, (context) => context.json(200, describe(findLink(context.params[0]), context.request))],
  [
    'DELETE',
    /^\/api\/links\/([\w-]+)$/,
    (context) => {
      links.delete(findLink(context.params[0]).code);
      context.empty();
    },
  ],
  [
    'GET',
    /^\/([\w-]+)$/,
    (context) => {
      const link = findLink(context.params[0]);
      if (context.request.method === 'GET') {
        link.clicks += 1;
        link.lastClickAt = new Date().toISOString();
      }
      context.redirect(link.url);
    },
  ],
];

function send(response, status, headers, body) {
  const bytes = Buffer.from(body);
  response.writeHead(status, { 'content-length': bytes.length, 'access-control-allow-origin': '*', ...headers });
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
  if (matching.length === 0) throw new HttpError(404, `there is nothing at ${path}; GET / explains what there is`);
  const allow = [...new Set(matching.map(([name]) => name))].join(', ');
  if (method === 'OPTIONS') {
    response.writeHead(204, {
      allow,
      'access-control-allow-origin': '*',
      'access-control-allow-methods': allow,
      'access-control-allow-headers': 'content-type',
    });
    response.end();
    return;
  }
  const route = matching.find(([name]) => name === method);
  if (!route) throw new HttpError(405, `${method} is not possible here; allowed: ${allow}`, { allow });
  await route[2]({
    request,
    params: route[1].exec(path).slice(1),
    json: (status, value, headers) => sendJson(response, status, value, headers),
    html: (text) => send(response, 200, { 'content-type': 'text/html; charset=utf-8' }, text),
    // Not cached, so that every click is counted.
    redirect: (location) => send(response, 302, { location, 'cache-control': 'no-store', 'content-type': 'text/plain' }, `${location}\n`),
    empty: () => {
      response.writeHead(204, { 'access-control-allow-origin': '*' });
      response.end();
    },
  });
}

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>URL shortener</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2032%2032'%3E%3Crect%20width='32'%20height='32'%20rx='8'%20fill='%230b7285'/%3E%3Cpath%20d='M8%2016h14M16%2010l6%206-6%206'%20fill='none'%20stroke='white'%20stroke-width='3'/%3E%3C/svg%3E">
<style>
:root { color-scheme: light dark; --bg: #f5f4f1; --card: #fff; --text: #1c1c21; --muted: #62626d; --line: #dedcd6; --accent: #0b7285; --on: #fff; --danger: #b42323; }
@media (prefers-color-scheme: dark) { :root { --bg: #131318; --card: #1d1d24; --text: #ececf1; --muted: #a3a3b0; --line: #34343f; --accent: #66d9e8; --on: #14141a; --danger: #ff8b85; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { width: min(100% - 2rem, 46rem); margin: 0 auto; padding: clamp(1.5rem, 6vw, 3.5rem) 0; }
h1 { margin: 0 0 1.25rem; letter-spacing: -0.02em; }
section { margin-bottom: 1.25rem; padding: 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
form { display: grid; grid-template-columns: 1fr 11rem auto; gap: 0.75rem; align-items: end; }
label { display: grid; gap: 0.25rem; color: var(--muted); font-size: 0.875rem; }
input, button { min-height: 2.75rem; min-width: 0; padding: 0.4rem 0.8rem; border: 1px solid var(--line); border-radius: 10px; background: var(--bg); color: var(--text); font: inherit; }
button { font-weight: 600; cursor: pointer; }
form button { background: var(--accent); border-color: var(--accent); color: var(--on); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
#message { min-height: 1.5rem; margin: 0.75rem 0 0; color: var(--muted); }
#message.error { color: var(--danger); }
ul { margin: 0; padding: 0; list-style: none; }
li { display: flex; align-items: center; gap: 0.75rem; padding: 0.7rem 0; border-top: 1px solid var(--line); }
li:first-child { border-top: 0; padding-top: 0; }
li:last-child { padding-bottom: 0; }
li div { flex: 1; min-width: 0; }
li a { color: var(--accent); font-weight: 600; overflow-wrap: anywhere; }
li small { display: block; overflow: hidden; color: var(--muted); text-overflow: ellipsis; white-space: nowrap; }
.empty { margin: 0; color: var(--muted); }
code { font: 0.875rem/1.6 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
details { color: var(--muted); }
summary { cursor: pointer; }
@media (max-width: 40rem) {
  form { grid-template-columns: 1fr; }
  li { flex-wrap: wrap; }
  li div { flex-basis: 100%; }
}
</style>
</head>
<body>
<main>
<h1>URL shortener</h1>
<section>
<form id="form">
<label>Long address <input id="url" type="text" inputmode="url" placeholder="https://example.com/a/very/long/path" required autocomplete="off" autofocus></label>
<label>Name (optional) <input id="code" pattern="[A-Za-z0-9_\\-]{2,40}" title="2 to 40 letters, digits, - and _" autocomplete="off"></label>
<button>Shorten</button>
</form>
<p id="message" role="status"></p>
</section>
<section aria-label="Links"><ul id="links"></ul><p class="empty" id="empty" hidden>No links yet.</p></section>
<details>
<summary>As an API</summary>
<p><code>POST /api/links {"url": "https://example.com", "code": "optional"}</code><br>
<code>GET /api/links</code>, <code>GET /api/links/CODE</code>, <code>DELETE /api/links/CODE</code>, <code>GET /CODE</code> (redirects), <code>GET /health</code></p>
<p>Links are kept in memory: a restart begins anew.</p>
</details>
</main>
<script>
const byId = (id) => document.getElementById(id);
function say(text, failed) {
  byId('message').textContent = text;
  byId('message').classList.toggle('error', Boolean(failed));
}
function element(name, properties, ...children) {
  const result = Object.assign(document.createElement(name), properties);
  result.append(...children);
  return result;
}
async function call(method, path, body) {
  const response = await fetch(path, { method, body: body && JSON.stringify(body), headers: body ? { 'content-type': 'application/json' } : {} });
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}
function row(link) {
  const copy = element('button', { type: 'button', textContent: 'Copy' });
  copy.setAttribute('aria-label', 'Copy the short address of ' + link.code);
  copy.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(location.origin + '/' + link.code);
      say('Copied.');
    } catch (error) {
      say('Copying is not allowed here; the address is ' + location.origin + '/' + link.code);
    }
  });
  const remove = element('button', { type: 'button', textContent: 'Delete' });
  remove.setAttribute('aria-label', 'Delete ' + link.code);
  remove.addEventListener('click', async () => {
    try {
      await call('DELETE', '/api/links/' + link.code);
      say('Deleted.');
    } catch (error) {
      say(error.message, true);
    }
    refresh();
  });
  const clicks = link.clicks === 1 ? '1 click' : link.clicks + ' clicks';
  return element('li', {},
    element('div', {},
      element('a', { href: '/' + link.code, target: '_blank', rel: 'noopener noreferrer', textContent: location.host + '/' + link.code }),
      element('small', { textContent: clicks + ' · ' + link.url, title: link.url })),
    copy, remove);
}
async function refresh() {
  try {
    const { links } = await call('GET', '/api/links');
    byId('links').replaceChildren(...links.slice(0, 100).map(row));
    byId('empty').hidden = links.length > 0;
  } catch (error) {
    say('The server does not answer: ' + error.message, true);
  }
}
byId('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    const link = await call('POST', '/api/links', { url: byId('url').value, code: byId('code').value });
    say('Ready: ' + location.origin + '/' + link.code);
    event.target.reset();
  } catch (error) {
    say(error.message, true);
  }
  byId('url').focus();
  refresh();
});
document.addEventListener('visibilitychange', () => document.hidden || refresh());
refresh();
</script>
</body>
</html>
`;

const server = http.createServer((request, response) => {
  handle(request, response).catch((error) => {
    const known = error instanceof HttpError;
    if (!known) console.error(error);
    if (response.headersSent || response.destroyed) return response.destroy();
    return sendJson(response, known ? error.status : 500, { error: known ? error.message : 'internal error' }, error.headers ?? {});
  });
});

server.listen(port, '0.0.0.0', () => console.log(`URL shortener on port ${port}`));

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
    setTimeout(() => process.exit(0), 2000).unref();
  });
}
