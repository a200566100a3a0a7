// For tests that need packages of others: installs them into a temporary directory, or skips with the reason.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const support = dirname(fileURLToPath(import.meta.url));
const mustRun = process.env.SPAWNAI_TESTS_MUST_RUN === '1';

export function skip(reason) {
  console.log((mustRun ? 'cannot skip: ' : 'skipped: ') + reason);
  process.exit(mustRun ? 1 : 77);
}

/** A function that requires from the packages, which are gone when the process ends. */
export function install(...packages) {
  if (spawnSync('npm', ['--version']).status !== 0) skip('npm is not there');
  const directory = mkdtempSync(join(tmpdir(), 'spawnai-peer-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const result = spawnSync('npm', ['install', '--prefix', directory, '--no-audit', '--no-fund', '--ignore-scripts', ...packages],
    { encoding: 'utf8', timeout: 300_000 });
  if (result.status !== 0) skip(`npm cannot install ${packages.join(' ')}: ${(result.stderr ?? '').slice(-300)}`);
  const load = createRequire(join(directory, 'package.json'));
  load.directory = directory;
  return load;
}

/** A child process that ends with this one. */
export function start(command, args, options = {}) {
  process.setMaxListeners(0);
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options });
  process.on('exit', () => child.kill());
  return child;
}

/** The scripted Messages API server. */
export async function scriptedServer(play, ...more) {
  const child = start('python3', [join(support, 'messages_server.py'), '--play', play, ...more]);
  const url = await new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve));
  return { url, stop: () => child.stdin.end(), journal: async () => (await fetch(url + '/journal')).json() };
}
