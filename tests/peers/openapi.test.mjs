// E2B's own OpenAPI document judges, through the independent validator Prism: what our client asks is valid, as sent to a server that
// is older than the v2 create and connect, and what our engine answers is valid. SPAWNAI_E2B_OPENAPI names the document.
import assert from 'node:assert/strict';
import { spawnSync, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { install, skip, start } from '../support/peer_setup.mjs';

const documentPath = process.env.SPAWNAI_E2B_OPENAPI;
if (!documentPath) {
  console.log("skipped: SPAWNAI_E2B_OPENAPI names no copy of E2B's OpenAPI document (opt-in)");
  process.exit(77);
}
const binary = process.env.SPAWNAI_BIN ?? 'spawnai';
const load = install('@stoplight/prism-cli@5.14.2', 'yaml@2.8.1');
const description = load('yaml').parse(readFileSync(documentPath, 'utf8'));
const key = 'e2b_' + '0'.repeat(40);

// --- the document ---------------------------------------------------------------------------------------------------------------

const resolve = (node, document) => node?.$ref ? node.$ref.slice(2).split('/').reduce((at, name) => at[name], document) : node;

/** A copy that also forbids what requests need not have: a misspelt optional member would pass unseen otherwise. */
function strict(original) {
  const copy = structuredClone(original);
  const seen = new Set();
  const close = (schema) => {
    schema = resolve(schema, copy);
    if (!schema || seen.has(schema)) return;
    seen.add(schema);
    if (schema.properties) schema.additionalProperties ??= false;
    for (const inner of [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties]) if (typeof inner === 'object') close(inner);
  };
  for (const methods of Object.values(copy.paths))
    for (const operation of Object.values(methods))
      for (const media of Object.values(operation.requestBody?.content ?? {})) close(media.schema);
  return copy;
}

/** The operation of a request, as "GET /sandboxes/{sandboxID}", with the names of its query parameters. */
function operationOf(document, method, path) {
  for (const [pattern, methods] of Object.entries(document.paths)) {
    const operation = methods[method.toLowerCase()];
    if (!operation || !new RegExp('^' + pattern.replace(/\{[^}]*\}/g, '[^/]+') + '$').test(path)) continue;
    // A literal path wins over one with a hole.
    if (pattern.includes('{') && document.paths[path]?.[method.toLowerCase()]) continue;
    const parameters = [...(methods.parameters ?? []), ...(operation.parameters ?? [])].map((parameter) => resolve(parameter, document));
    return { name: `${method} ${pattern}`, query: parameters.filter((p) => p.in === 'query').map((p) => p.name) };
  }
  return undefined;
}

// --- the judge ------------------------------------------------------------------------------------------------------------------

/** Prism, with a front that keeps what passes through it. */
async function judge(mode, document, ...more) {
  const file = join(load.directory, `${mode}.json`);
  writeFileSync(file, JSON.stringify(document));
  const child = start(process.execPath, [join(load.directory, 'node_modules/@stoplight/prism-cli/dist/index.js'), mode, '-h', '127.0.0.1', '-p', '0', file, ...more]);
  const upstream = await new Promise((found, lost) => {
    let said = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      said += line + '\n';
      const address = /listening on (http:\S+)/.exec(line);
      if (address) found(address[1]);
    });
    child.once('exit', () => lost(new Error('Prism ended: ' + said.slice(-2000))));
  });
  const exchanges = [];
  const newer = [];
  const front = createServer(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces);
    const { pathname, searchParams } = new URL(request.url, upstream);
    const operation = operationOf(document, request.method, pathname);
    if (!operation) {
      // As a server says it that is as old as the document; Prism would let a server behind it decide.
      newer.push(`${request.method} ${pathname}`);
      response.writeHead(404, { 'Content-Type': 'application/json' }).end('{"code":404,"message":"no such path"}');
      return;
    }
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !['host', 'connection', 'content-length', 'transfer-encoding', 'expect'].includes(name)));
    const answer = await fetch(upstream + request.url, { method: request.method, headers, ...(body.length ? { body } : {}) });
    const text = await answer.text();
    const violations = JSON.parse(answer.headers.get('sl-violations') ?? '[]');
    // What it says itself, where the document has no answer for a bad request.
    if (answer.headers.get('content-type')?.startsWith('application/problem+json')) violations.push(JSON.parse(text));
    for (const name of searchParams.keys())
      if (!operation.query.includes(name)) violations.push({ location: ['request', 'query', name], message: 'the document does not know it' });
    exchanges.push({ operation: operation.name, status: answer.status, violations, body: String(body), answer: text });
    const kept = ['content-type', 'x-next-token', 'retry-after'].filter((name) => answer.headers.has(name)).map((name) => [name, answer.headers.get(name)]);
    response.writeHead(answer.status, Object.fromEntries(kept)).end(text);
  });
  await new Promise((ready) => front.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${front.address().port}`,
    exchanges,
    newer,
    violations: () => exchanges.filter((exchange) => exchange.violations.length > 0),
    close() { front.closeAllConnections(); front.close(); child.removeAllListeners('exit'); child.kill(); },
  };
}

function runClient(url, apiKey, environment = {}) {
  return new Promise((ended) => {
    const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('E2B_')));
    const child = spawn(process.env.SPAWNAI_OPENAPI_CALLS, { env: { ...kept, E2B_API_URL: url, E2B_API_KEY: apiKey, ...environment }, stdio: 'inherit' });
    child.once('exit', (code) => ended(code));
  });
}

const names = (exchanges) => new Set(exchanges.map((exchange) => exchange.operation));

// --- what the client asks -------------------------------------------------------------------------------------------------------

async function judgeClient() {
  const prism = await judge('mock', strict(description));
  const code = await runClient(prism.url, key, { SPAWNAI_OPENAPI_MOCK: '1' });
  assert.deepEqual(prism.violations(), []);
  assert.equal(code, 0, 'the client failed against the mock');
  const asked = names(prism.exchanges);
  for (const operation of ['POST /sandboxes', 'GET /v2/sandboxes', 'GET /sandboxes/{sandboxID}', 'DELETE /sandboxes/{sandboxID}',
    ...['timeout', 'connect', 'pause'].map((name) => `POST /sandboxes/{sandboxID}/${name}`), ...['metrics', 'logs'].map((name) => `GET /sandboxes/{sandboxID}/${name}`)])
    assert(asked.has(operation), `${operation} was not asked`);
  // Found out once, then remembered.
  assert.deepEqual(prism.newer, ['POST /v2/sandboxes']);
  prism.close();

  // Without v2 at all, the list falls back too.
  const old = strict(description);
  for (const path of Object.keys(old.paths)) if (path.startsWith('/v2/')) delete old.paths[path];
  const oldPrism = await judge('mock', old);
  const oldCode = await runClient(oldPrism.url, key, { SPAWNAI_OPENAPI_MOCK: '1' });
  assert.deepEqual(oldPrism.violations(), []);
  assert.equal(oldCode, 0, 'the client failed against the older mock');
  assert(names(oldPrism.exchanges).has('GET /sandboxes'));

  // The judge does judge: each of these is wrong in one thing.
  const wrong = [
    ['POST', '/sandboxes', { templateID: 'base', timeout: 'long' }],
    ['POST', '/sandboxes', { timeout: 60 }],
    ['POST', '/sandboxes', { templateID: 'base', allowInternetAccess: true }],
    ['POST', '/sandboxes/iabc/timeout', {}],
    ['GET', '/sandboxes?limit=100'],
  ];
  for (const [method, path, body] of wrong) {
    const before = oldPrism.violations().length;
    await fetch(oldPrism.url + path, { method, headers: { 'X-API-KEY': key, 'Content-Type': 'application/json' }, ...(body ? { body: JSON.stringify(body) } : {}) });
    assert.equal(oldPrism.violations().length, before + 1, `${method} ${path} ${JSON.stringify(body)} passed`);
  }
  const before = oldPrism.violations().length;
  await fetch(oldPrism.url + '/sandboxes');
  assert.equal(oldPrism.violations().length, before + 1, 'a request without a key passed');
  oldPrism.close();
}

// --- what the engine answers ----------------------------------------------------------------------------------------------------

/** The judge does judge answers. */
async function judgeWrongAnswers() {
  const liar = createServer((request, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"sandboxID":7}'));
  await new Promise((ready) => liar.listen(0, '127.0.0.1', ready));
  const prism = await judge('proxy', description, `http://127.0.0.1:${liar.address().port}`);
  await fetch(prism.url + '/sandboxes/iabc', { headers: { 'X-API-KEY': key } });
  assert.equal(prism.violations().length, 1, 'a wrong answer passed');
  prism.close();
  liar.closeAllConnections();
  liar.close();
}

async function judgeEngine() {
  const home = mkdtempSync(join(tmpdir(), 'spawnai-openapi-'));
  chmodSync(home, 0o711);
  const environment = { ...process.env, SPAWNAI_HOME: home };
  for (const name of Object.keys(environment)) if (name.startsWith('E2B_')) delete environment[name];
  const probe = spawnSync(binary, ['engine', 'env', '--json'], { env: environment, encoding: 'utf8' });
  try {
    if (probe.status === 9) skip('no sandbox can be made here: ' + (probe.stderr || probe.stdout));
    const { E2B_API_URL: url, E2B_API_KEY: apiKey } = JSON.parse(probe.stdout);
    const prism = await judge('proxy', description, url);
    assert.equal(await runClient(prism.url, apiKey), 0, 'the client failed against the engine');

    const ask = async (method, path, body, headers = { 'X-API-KEY': apiKey }) => {
      const answer = await fetch(prism.url + path, { method, headers: { ...headers, ...(body ? { 'Content-Type': 'application/json' } : {}) }, ...(body ? { body: JSON.stringify(body) } : {}) });
      const text = await answer.text();
      return { status: answer.status, json: text ? JSON.parse(text) : undefined };
    };
    const { json: box } = await ask('POST', '/sandboxes', { templateID: 'base', timeout: 120, secure: true, metadata: { k: 'v' } });
    const { json: hidden } = await ask('POST', '/sandboxes', { templateID: 'base', timeout: 120, secure: true, network: { allowPublicTraffic: false } });
    const of = `/sandboxes/${box.sandboxID}`;
    const statuses = [
      [await ask('GET', '/health'), 204],
      [await ask('GET', '/sandboxes'), 200],
      [await ask('GET', '/v2/sandboxes?state=running,paused&limit=1'), 200],
      [await ask('GET', '/v2/sandboxes?state=paused'), 200],
      [await ask('GET', `/sandboxes/metrics?sandbox_ids=${box.sandboxID},${hidden.sandboxID}`), 200],
      [await ask('GET', of), 200],
      [await ask('GET', `${of}/metrics?start=0&end=9999999999`), 200],
      [await ask('GET', `${of}/logs?start=0&limit=10`), 200],
      [await ask('GET', `/v2${of}/logs?direction=backward&level=info&limit=10`), 200],
      [await ask('POST', `${of}/refreshes`, { duration: 60 }), 204],
      [await ask('POST', `${of}/timeout`, { timeout: 90 }), 204],
      [await ask('POST', `${of}/connect`, { timeout: 60 }), 200],
      [await ask('GET', '/templates'), 200],
      [await ask('GET', '/v2/templates'), 200],
      [await ask('GET', '/templates/aliases/base'), 200],
      [await ask('GET', '/templates/aliases/none'), 404],
      [await ask('GET', '/teams', undefined, { 'X-API-KEY': apiKey, Authorization: 'Bearer unused' }), 200],
      [await ask('GET', '/sandboxes/inobody'), 404],
      [await ask('GET', '/sandboxes/inobody/metrics'), 404],
      [await ask('DELETE', '/sandboxes/inobody'), 404],
      [await ask('GET', '/sandboxes', undefined, { 'X-API-KEY': key }), 401],
      [await ask('POST', '/sandboxes', { templateID: 'base', timeout: 0 }), 400],
      [await ask('DELETE', of), 204],
      [await ask('DELETE', `/sandboxes/${hidden.sandboxID}`), 204],
    ];
    assert.deepEqual(prism.violations().map(({ operation, status, violations, answer }) => ({ operation, status, violations, answer })), []);
    for (const [answer, status] of statuses) assert.equal(answer.status, status, JSON.stringify(answer.json));
    prism.close();
  } finally {
    execFileSync(binary, ['engine', 'stop', '--all'], { env: environment });
    rmSync(home, { recursive: true, force: true });
  }
}

await judgeClient();
await judgeWrongAnswers();
await judgeEngine();
process.exit(0);
