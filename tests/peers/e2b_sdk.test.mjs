// The official JavaScript SDK, unchanged, against the local engine.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const packageVersion = '2.51.0'
const binary = process.env.SPAWNAI_BIN ?? 'spawnai'

function skip(reason) {
  const mustRun = process.env.SPAWNAI_TESTS_MUST_RUN === '1'
  console.log((mustRun ? 'cannot skip: ' : 'skipped: ') + reason)
  process.exit(mustRun ? 1 : 77)
}

// The SDK's own "engines" field; Debian's Node is older, and nothing that could be installed would change that.
if (Number(process.versions.node.split('.')[0]) < 20) {
  console.log(`skipped: the SDK needs Node 20, this is ${process.versions.node}`)
  process.exit(77)
}

async function loadSdk() {
  const place = join(tmpdir(), `spawnai-peers-${userInfo().uid}`, `js-${packageVersion}`)
  if (!existsSync(join(place, 'node_modules', 'e2b', 'package.json'))) {
    if (spawnSync('npm', ['--version']).status !== 0) skip('npm is missing')
    mkdirSync(place, { recursive: true, mode: 0o700 })
    writeFileSync(join(place, 'package.json'), '{"private":true}')
    const install = spawnSync('npm', ['install', '--no-audit', '--no-fund', `e2b@${packageVersion}`], { cwd: place, encoding: 'utf8' })
    if (install.status !== 0) skip('the package e2b cannot be installed: ' + install.stderr.slice(-300))
  }
  return import(pathToFileURL(createRequire(join(place, 'x.js')).resolve('e2b')))
}

const home = mkdtempSync(join(tmpdir(), 'spawnai-peer-'))
chmodSync(home, 0o711)
const environment = { ...process.env, SPAWNAI_HOME: home }
for (const name of Object.keys(environment)) if (name.startsWith('E2B_')) delete environment[name]
const spawnai = (...words) => execFileSync(binary, words, { env: environment, encoding: 'utf8' })

async function exercise({ Sandbox, CommandExitError, FileNotFoundError }) {
  const sandbox = await Sandbox.create({ timeoutMs: 120_000, metadata: { k: 'v 1&2=3' }, envs: { GREETING: 'hello' }, allowInternetAccess: false })
  const { sandboxId } = sandbox
  assert.match(sandbox.getHost(3000), new RegExp(`^3000-${sandboxId}\\.localhost:\\d+$`))

  await sandbox.files.write('/app/a.txt', 'one')
  await sandbox.files.write([{ path: '/app/dir/b.txt', data: 'two' }, { path: 'c.txt', data: 'three' }])
  assert.equal(await sandbox.files.read('/app/a.txt'), 'one')
  assert.equal(await sandbox.files.read('/home/user/c.txt'), 'three')
  assert.deepEqual((await sandbox.files.list('/app')).map(entry => entry.name).sort(), ['a.txt', 'dir'])
  assert.equal(await sandbox.files.exists('/app/none'), false)
  assert.equal(await sandbox.files.makeDir('/app/dir'), false)
  await sandbox.files.rename('/app/a.txt', '/app/z.txt')
  assert.equal((await sandbox.files.getInfo('/app/z.txt')).size, 3)
  await sandbox.files.remove('/app/z.txt')
  await assert.rejects(sandbox.files.read('/app/z.txt'), FileNotFoundError)
  const seen = []
  const watch = await sandbox.files.watchDir('/app', event => seen.push(event.name))
  await sandbox.files.write('/app/seen.txt', 'x')
  for (let i = 0; i < 200 && !seen.includes('seen.txt'); i++) await new Promise(resolve => setTimeout(resolve, 20))
  assert(seen.includes('seen.txt'))
  await watch.stop()

  const result = await sandbox.commands.run('echo "$GREETING"; echo oops >&2; pwd', { cwd: '/app' })
  assert.equal(result.stdout, 'hello\n/app\n')
  assert.equal(result.stderr, 'oops\n')
  await assert.rejects(sandbox.commands.run('exit 3'), error => error instanceof CommandExitError && error.exitCode === 3)

  const reader = await sandbox.commands.run('cat', { background: true, stdin: true, timeoutMs: 0 })
  assert((await sandbox.commands.list()).some(process => process.pid === reader.pid))
  await sandbox.commands.sendStdin(reader.pid, 'typed')
  const again = await sandbox.commands.connect(reader.pid)
  await sandbox.commands.closeStdin(reader.pid)
  assert.equal((await reader.wait()).stdout, 'typed')
  assert.equal((await again.wait()).exitCode, 0)

  let screen = ''
  const pty = await sandbox.pty.create({ cols: 80, rows: 24, timeoutMs: 0, onData: data => { screen += Buffer.from(data).toString() } })
  await sandbox.pty.resize(pty.pid, { cols: 100, rows: 30 })
  await sandbox.pty.sendInput(pty.pid, new TextEncoder().encode('stty size; echo sum-$((20+3)); exit\n'))
  await pty.wait()
  assert.match(screen, /30 100/)
  assert.match(screen, /sum-23/)

  await sandbox.files.write('/app/server.js', 'require("http").createServer((q, r) => r.end("app " + q.url)).listen(3000)')
  const server = await sandbox.commands.run('node /app/server.js', { background: true, timeoutMs: 0 })
  const visit = () => fetch(process.env.E2B_API_URL + '/page', { headers: { 'E2b-Sandbox-Id': sandboxId, 'E2b-Sandbox-Port': '3000' } })
  let answer = await visit()
  for (let i = 0; i < 100 && answer.status === 502; i++) answer = await visit()
  assert.equal(await answer.text(), 'app /page')
  assert.equal(await server.kill(), true)
  await assert.rejects(server.wait())
  assert.equal(await sandbox.commands.kill(server.pid), false)

  assert.equal(await (await fetch(await sandbox.downloadUrl('/app/seen.txt'))).text(), 'x')
  const form = new FormData()
  form.append('file', new Blob(['uploaded']), 'up.txt')
  assert.equal((await fetch(await sandbox.uploadUrl('/app/up.txt'), { method: 'POST', body: form })).status, 200)
  assert.equal(await sandbox.files.read('/app/up.txt'), 'uploaded')

  const listed = await Sandbox.list({ query: { metadata: { k: 'v 1&2=3' } } }).nextItems()
  assert.deepEqual(listed.map(item => item.sandboxId), [sandboxId])
  assert.deepEqual(await Sandbox.list({ query: { metadata: { k: 'other' } } }).nextItems(), [])
  const before = (await sandbox.getInfo()).endAt
  await sandbox.setTimeout(600_000)
  assert((await sandbox.getInfo()).endAt > before)
  const [sample] = await sandbox.getMetrics()
  assert(sample.memTotal > 0 && sample.cpuCount > 0)
  const other = await Sandbox.connect(sandboxId)
  assert.equal(await other.files.read('/app/up.txt'), 'uploaded')

  await sandbox.commands.run('i=0; while :; do i=$((i+1)); echo $i > /app/new; mv /app/new /app/count; sleep 0.02; done', { background: true, timeoutMs: 0 })
  assert.equal(await sandbox.pause(), true)
  assert.equal(await sandbox.pause(), false)
  assert.equal(await sandbox.isRunning(), false)
  assert.equal((await sandbox.getInfo()).state, 'paused')
  assert.deepEqual((await Sandbox.list({ query: { state: ['paused'] } }).nextItems()).map(item => item.sandboxId), [sandboxId])
  assert.deepEqual(await Sandbox.list({ query: { state: ['running'] } }).nextItems(), [])
  await sandbox.connect({ timeoutMs: 600_000 })
  assert.equal((await sandbox.getInfo()).state, 'running')
  const count = async () => Number(await sandbox.files.read('/app/count'))
  const counted = await count()
  while (await count() === counted) await new Promise(resolve => setTimeout(resolve, 20))
  if (sandbox.betaPause) assert.equal(await sandbox.betaPause(), true)
  await (await Sandbox.connect(sandboxId)).files.read('/app/count')

  const sleeper = await Sandbox.create({ timeoutMs: 1_000, lifecycle: { onTimeout: 'pause', autoResume: true } })
  for (let i = 0; i < 300 && (await sleeper.getInfo()).state === 'running'; i++) await new Promise(resolve => setTimeout(resolve, 50))
  const info = await sleeper.getInfo()
  assert.equal(info.state, 'paused')
  assert.deepEqual(info.lifecycle, { onTimeout: 'pause', autoResume: true })
  assert.equal((await sleeper.commands.run('echo woken')).stdout, 'woken\n')
  assert.equal((await sleeper.getInfo()).state, 'running')
  assert.equal(await sleeper.kill(), true)

  assert.equal(await sandbox.isRunning(), true)
  assert.equal(await sandbox.kill(), true)
  assert.equal(await sandbox.isRunning(), false)
  assert.equal(await Sandbox.kill(sandboxId), false)
  await assert.rejects(Sandbox.connect(sandboxId), error => error.constructor.name === 'SandboxNotFoundError')
  await assert.rejects(Sandbox.create('no-such-template'))
}

const probe = spawnSync(binary, ['engine', 'env', '--json'], { env: environment, encoding: 'utf8' })
if (probe.status === 9) {
  rmSync(home, { recursive: true, force: true })
  skip(probe.stderr || probe.stdout)
}
try {
  const sdk = await loadSdk()
  const variables = JSON.parse(probe.stdout)
  for (const name of ['E2B_API_KEY', 'E2B_API_URL', 'E2B_SANDBOX_URL']) process.env[name] = variables[name]
  await exercise(sdk)
} finally {
  spawnai('engine', 'stop', '--all')
  rmSync(home, { recursive: true, force: true })
}
