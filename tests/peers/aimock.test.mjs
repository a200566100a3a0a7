// Independent servers that speak the Messages API drive `spawnai spawn` unchanged: aimock, a mock of the API by others, and
// llms, a gateway that translates to another vendor's API and back, with all its imperfections.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { install, skip, start } from '../support/peer_setup.mjs';

const binary = process.env.SPAWNAI_BIN ?? 'spawnai';
// The servers want Node 20. Where this one is older, theirs comes from npm as well.
const old = Number(process.versions.node.split('.')[0]) < 20;
const theirNode = `node-linux-${process.arch}`;
const load = install('@copilotkit/aimock@1.43.0', '@musistudio/llms@1.0.53', ...(old ? [`${theirNode}@20`] : []));
const node = old ? join(load.directory, 'node_modules', theirNode, 'bin', 'node') : process.execPath;

const page = (title, body = '') => `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>${title}</title>\n`
  + `<link rel="icon" href="data:,"></head>\n<body>\n<h1>${title} h\u00e9 \u{1F40D}</h1>\n${body}</body>\n</html>\n`;
// A mock cannot know the nonce of a request, so these tags carry another one: the client has to cope.
const reply = (content) => `<app-k7q2 type="webapp" entry="index.html" files="index.html"/>\n<file-k7q2 path="index.html">\n${content}</file-k7q2>\n`;
const long = page('Truncated', Array.from({ length: 30 }, (_, i) => `<p>paragraph number ${i}</p>\n`).join(''));
const half = reply(long).slice(0, 700);
const fixtures = {
  fixtures: [
    { match: { userMessage: 'snake plain' }, chunkSize: 9, response: { content: reply(page('Snake')), usage: { input_tokens: 321, output_tokens: 145 } } },
    { match: { userMessage: 'thinking snake' }, response: { content: reply(page('Thought')), reasoning: 'plan it' } },
    { match: { userMessage: 'overloaded snake', sequenceIndex: 0 }, response: { error: { message: 'Overloaded', type: 'overloaded_error' }, status: 529 } },
    { match: { userMessage: 'overloaded snake', sequenceIndex: 1 }, response: { content: reply(page('Recovered')) } },
    { match: { userMessage: 'limited snake', sequenceIndex: 0 }, response: { error: { message: 'slow down', type: 'rate_limit_error' }, status: 429, retryAfter: 1 } },
    { match: { userMessage: 'limited snake', sequenceIndex: 1 }, response: { content: reply(page('Limited')) } },
    { match: { userMessage: 'truncated snake' }, response: { content: half, finishReason: 'length' } },
    { match: { userMessage: 'cut off' }, response: { content: reply(long).slice(half.lastIndexOf('\n') + 1) } },
    { match: { userMessage: 'bare snake' }, response: { content: page('Bare') } },
  ],
};

const freePort = () => new Promise((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => { const { port } = probe.address(); probe.close(() => resolve(port)); });
});
async function reachable(url) {
  for (let i = 0; i < 150; ++i) {
    try { await fetch(url); return; } catch { await pause(100); }
  }
  throw new Error(`nothing answers at ${url}`);
}

const home = mkdtempSync(join(tmpdir(), 'spawnai-home-'));
chmodSync(home, 0o711);
const kept = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(SPAWNAI|E2B_|ANTHROPIC|CLAUDE|XDG_)/.test(name)));
const run = (args, more = {}) => new Promise((resolve) => {
  const child = spawn(binary, args, { env: { ...kept, HOME: home, SPAWNAI_HOME: home, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '', err = '';
  child.stdout.on('data', (data) => { out += data; });
  child.stderr.on('data', (data) => { err += data; });
  child.on('close', (code) => resolve({ code, out, err }));
});
const get = (url) => new Promise((resolve, reject) => {
  const { hostname, port } = new URL(url);
  request({ host: '127.0.0.1', port, headers: { host: `${hostname}:${port}` } }, (answer) => {
    let body = '';
    answer.setEncoding('utf8').on('data', (data) => { body += data; }).on('end', () => resolve(body));
  }).on('error', reject).end();
});

try {
  const probe = await run(['doctor', '--json']);
  if (probe.code === 9) skip('no sandbox can be made here: ' + (probe.err || probe.out).slice(0, 300));

  const folder = join(load.directory, 'fixtures');
  mkdirSync(folder);
  writeFileSync(join(folder, 'snake.json'), JSON.stringify(fixtures));
  const port = await freePort();
  const key = 'sk-ant-peer-mock-key';
  start(node, [join(load.directory, 'node_modules', '.bin', 'llmock'), '-p', String(port), '-f', folder, '--log-level', 'silent'],
    { stdio: 'ignore', env: { ...process.env, AIMOCK_API_KEYS: key } });
  const mock = `http://127.0.0.1:${port}`;
  await reachable(mock);

  const made = async (prompt, marker, more = {}) => {
    const result = await run(['spawn', prompt], { ANTHROPIC_BASE_URL: mock, CLAUDE_API_KEY: key, ...more });
    assert.equal(result.code, 0, `${prompt}: ${result.err}`);
    const body = await get(result.out.trim());
    assert.ok(body.includes(`<h1>${marker} h\u00e9 \u{1F40D}</h1>`), `${prompt}: ${body}`);
    return { ...result, body };
  };
  await made('snake plain', 'Snake');
  await made('thinking snake', 'Thought');
  assert.match((await made('overloaded snake', 'Recovered')).err, /trying again/);
  assert.match((await made('limited snake', 'Limited')).err, /trying again in 1\.0 s/);
  await made('bare snake', 'Bare');
  assert.equal((await made('truncated snake', 'Truncated')).body, long);
  const refused = await run(['spawn', 'snake plain', '--fresh'], { ANTHROPIC_BASE_URL: mock, CLAUDE_API_KEY: 'sk-ant-wrong' });
  assert.equal(refused.code, 4, refused.err);

  const journal = await (await fetch(`${mock}/__aimock/journal`, { headers: { 'x-api-key': key } })).text();
  assert.ok(!journal.includes(key), 'the mock masks keys');
  assert.ok(journal.includes('2023-06-01'), 'servers of others are sent the version that they know');

  // The gateway in front of the mock's other API: counts come late, ids are foreign, errors have another shape.
  const gatewayPort = await freePort();
  const gatewayProgram = join(load.directory, 'gateway.cjs');
  writeFileSync(gatewayProgram, `const Server = require('@musistudio/llms').default;
    new Server({ initialConfig: { HOST: '127.0.0.1', PORT: ${gatewayPort}, providers: [{ name: 'mock',
      api_base_url: '${mock}/v1/chat/completions', api_key: '${key}', models: ['gpt-4o'] }] }, logger: false, useJsonFile: false }).start();`);
  start(node, [gatewayProgram], { stdio: 'ignore' });
  const gateway = `http://127.0.0.1:${gatewayPort}`;
  await reachable(gateway);
  const through = await run(['spawn', 'snake plain', '-m', 'mock,gpt-4o'], { ANTHROPIC_BASE_URL: gateway });
  assert.equal(through.code, 0, through.err);
  assert.ok((await get(through.out.trim())).includes('<h1>Snake'));
  assert.match(through.err, /price of mock,gpt-4o is not known/);
  console.log('servers of others drive spawn unchanged');
} finally {
  await run(['kill', '--all', '--yes']);
  await run(['engine', 'stop', '--all']);
  rmSync(home, { recursive: true, force: true });
}
process.exit(process.exitCode ?? 0);
