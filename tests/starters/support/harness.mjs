// Runs the cases of one kind of starter, either through the real binary (SPAWNAI_BIN: spawn --offline, the printed URL) or,
// without it, straight from the source files, which is quicker while working on a starter.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const source = process.env.SPAWNAI_SOURCE ?? path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const startersDir = path.join(source, 'src/starters');
const mustRun = process.env.SPAWNAI_TESTS_MUST_RUN === '1';
const deadlineMs = 60_000;
const skipped = 77;
const noSandbox = 9;

/** A reason why nothing can be tested on this machine. */
export class CannotRun extends Error {}

export function catalogue(type) {
  return fs
    .readdirSync(startersDir)
    .sort()
    .map((id) => ({ id, dir: path.join(startersDir, id), ...JSON.parse(fs.readFileSync(path.join(startersDir, id, 'starter.json'), 'utf8')) }))
    .filter((starter) => starter.type === type);
}

/** Node does not resolve *.localhost: the connection goes to loopback, the name travels in the Host header. */
export function request(url, { method = 'GET', headers = {}, body } = {}) {
  const target = new URL(url);
  return new Promise((resolve, reject) => {
    const outgoing = http.request(
      { host: '127.0.0.1', port: target.port, method, path: target.pathname + target.search, headers: { host: target.host, ...headers }, timeout: deadlineMs },
      (response) => {
        const chunks = [];
        response.on('error', reject);
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode, headers: response.headers, text, json: () => JSON.parse(text) });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${url}: no answer`)));
    outgoing.end(body);
  });
}

/** Asks `probe` until it returns something true. */
export async function eventually(what, probe) {
  const end = Date.now() + deadlineMs;
  let last = null;
  while (Date.now() < end) {
    try {
      const value = await probe();
      if (value) return value;
      last = null;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: not within ${deadlineMs / 1000} s${last ? ` (${last.message})` : ''}`);
}

/** Copies a starter's files and the user's data files beside each other, as a sandbox has them. */
function workingCopy(starter, data) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'starter-'));
  for (const name of fs.readdirSync(starter.dir)) if (name !== 'starter.json') fs.copyFileSync(path.join(starter.dir, name), path.join(dir, name));
  for (const [name, content] of Object.entries(data)) fs.writeFileSync(path.join(dir, name), content);
  return dir;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = http.createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

class FromFiles {
  name = 'from the source files';

  async open(starter, data = {}) {
    if (starter.type === 'webapp') return this.#page(starter);
    const dir = workingCopy(starter, data);
    return starter.type === 'api' ? this.#server(starter, dir) : this.#script(starter, dir);
  }

  async close() {}

  async #page(starter) {
    const page = fs.readFileSync(path.join(starter.dir, starter.entry));
    const server = http.createServer((incoming, response) => {
      const found = incoming.url === '/';
      response.writeHead(found ? 200 : 404, { 'content-type': 'text/html; charset=utf-8' });
      response.end(found ? page : 'not found');
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    return {
      url: `http://localhost:${server.address().port}/`,
      close: async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  async #server(starter, dir) {
    const port = await freePort();
    const child = spawn('sh', ['-c', `exec ${starter.start}`], { cwd: dir, env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'pipe', 'pipe'] });
    let log = '';
    child.stdout.on('data', (chunk) => (log += chunk));
    child.stderr.on('data', (chunk) => (log += chunk));
    const ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve(signal ?? code)));
    const url = `http://localhost:${port}/`;
    const close = async () => {
      child.kill('SIGTERM');
      const giveUp = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
      const how = await ended;
      clearTimeout(giveUp);
      fs.rmSync(dir, { recursive: true, force: true });
      assert.equal(how, 0, `a SIGTERM must end the server in peace; it said: ${log}`);
    };
    try {
      await eventually(`${starter.id} answers`, async () => {
        if (child.exitCode !== null) throw new Error(`it ended: ${log}`);
        return (await request(`${url}health`)).status === 200;
      });
    } catch (error) {
      await close().catch(() => {});
      throw error;
    }
    return { url, close };
  }

  async #script(starter, dir) {
    const result = spawnSync('sh', ['-c', starter.start], { cwd: dir, encoding: 'utf8', timeout: deadlineMs });
    fs.rmSync(dir, { recursive: true, force: true });
    assert.equal(result.status, 0, `${starter.id} failed: ${result.stderr}`);
    assert.equal(result.stderr, '');
    return { output: result.stdout, close: async () => {} };
  }
}

class FromBinary {
  name = 'through the binary';
  #binary;
  #home;
  #environment;

  constructor(binary) {
    this.#binary = binary;
    this.#home = fs.mkdtempSync(path.join(os.tmpdir(), 'spawnai-starters-'));
    // The engine of root runs as another user, who must get through.
    fs.chmodSync(this.#home, 0o711);
    const inherited = Object.entries(process.env).filter(([name]) => !/^(SPAWNAI_|E2B_|ANTHROPIC_|CLAUDE_|XDG_RUNTIME_DIR$)/.test(name));
    this.#environment = { ...Object.fromEntries(inherited), SPAWNAI_HOME: this.#home, NO_COLOR: '1' };
  }

  #run(...words) {
    const result = spawnSync(this.#binary, words, { env: this.#environment, encoding: 'utf8', timeout: deadlineMs, stdio: ['ignore', 'pipe', 'pipe'] });
    if (result.error) throw result.error;
    return result;
  }

  /** @throws CannotRun when this machine can make no sandbox. */
  async open(starter, data = {}) {
    const files = [];
    for (const [name, content] of Object.entries(data)) {
      const file = path.join(this.#home, name);
      fs.writeFileSync(file, content);
      files.push('-f', file);
    }
    const result = this.#run('spawn', starter.example, '--offline', '--fresh', '--provider', 'local', ...files);
    if (result.status === noSandbox) throw new CannotRun(result.stderr.trim());
    assert.equal(result.status, 0, `spawn "${starter.example}" failed:\n${result.stderr}`);
    const url = result.stdout.trim();
    assert.match(url, /^http:\/\/\d+-[a-z0-9-]+\.localhost:\d+\/?$/, 'stdout is the URL and nothing else');
    assert.match(result.stderr, new RegExp(`starter "${starter.id}"`), 'it says which starter was used');
    const close = async () => {
      const killed = this.#run('kill', '--all', '--yes');
      assert.equal(killed.status, 0, killed.stderr);
    };
    if (starter.type !== 'script') return { url: url.endsWith('/') ? url : `${url}/`, close };
    const shown = await request(url);
    assert.equal(shown.status, 200);
    const entities = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&amp;': '&' };
    return { output: shown.text.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity]), close };
  }

  async close() {
    this.#run('kill', '--all', '--yes');
    this.#run('engine', 'stop', '--all');
    fs.rmSync(this.#home, { recursive: true, force: true });
  }
}

function stop(reason) {
  if (mustRun) {
    console.error(`must run, but cannot: ${reason}`);
    process.exit(1);
  }
  console.log(`skipped: ${reason}`);
  process.exit(skipped);
}

/**
 * Opens every starter of `type` once and lets its case use it. A starter without a case is a failure.
 * @param cases one function by starter id; it gets (opened starter, context, open again with other data)
 */
export async function runCases(type, cases, { prepare = async () => null, finish = async () => {}, around = (run) => run() } = {}) {
  const starters = catalogue(type);
  assert.deepEqual(Object.keys(cases).sort(), starters.map((starter) => starter.id), `every ${type} needs a case, and every case a starter`);
  const only = process.argv.slice(2);
  let context = null;
  try {
    context = await prepare();
  } catch (error) {
    if (error instanceof CannotRun) stop(error.message);
    throw error;
  }
  const runner = process.env.SPAWNAI_BIN ? new FromBinary(path.resolve(process.env.SPAWNAI_BIN)) : new FromFiles();
  const cleanUp = async () => {
    await runner.close();
    await finish(context);
  };
  const abandon = (why) => {
    console.error(why);
    cleanUp().finally(() => process.exit(1));
  };
  for (const event of ['SIGINT', 'SIGTERM', 'SIGHUP', 'unhandledRejection', 'uncaughtException']) process.once(event, abandon);

  console.log(`${type}s, ${runner.name}`);
  const failures = [];
  let impossible = null;
  for (const starter of starters) {
    if (only.length > 0 && !only.includes(starter.id)) continue;
    const opened = [];
    const open = async (data) => {
      opened.push(await runner.open(starter, data));
      return opened.at(-1);
    };
    try {
      const first = await open();
      await around(() => cases[starter.id](first, context, open), { starter, opened: first, context });
      for (const one of opened) await one.close();
      console.log(`  ok    ${starter.id}`);
    } catch (error) {
      for (const one of opened) await one.close().catch(() => {});
      if (error instanceof CannotRun) {
        impossible = error.message;
        break;
      }
      failures.push(starter.id);
      console.log(`  FAIL  ${starter.id}\n${error.stack.replace(/^/gm, '        ')}`);
    }
  }
  await cleanUp();
  if (impossible !== null) stop(impossible);
  if (failures.length > 0) console.log(`failed: ${failures.join(', ')}`);
  process.exit(failures.length > 0 ? 1 : 0);
}
