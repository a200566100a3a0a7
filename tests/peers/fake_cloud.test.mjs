// The fake cloud that our own tests use, judged by the official JavaScript SDK.
import assert from 'node:assert/strict'
import { createInterface } from 'node:readline'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { install, start } from '../support/peer_setup.mjs'

// The SDK's own "engines" field; Debian's Node is older, and nothing that could be installed would change that.
if (Number(process.versions.node.split('.')[0]) < 20) {
  console.log(`skipped: the SDK needs Node 20, this is ${process.versions.node}`)
  process.exit(77)
}
const load = install('e2b@2.51.0')
const { Sandbox, AuthenticationError, CommandExitError, FileNotFoundError } = await import(pathToFileURL(load.resolve('e2b')))

const support = join(dirname(fileURLToPath(import.meta.url)), '..', 'support')
const cloud = start('python3', [join(support, 'fake_cloud.py')])
const url = await new Promise((resolve) => createInterface({ input: cloud.stdout }).once('line', resolve))
Object.assign(process.env, { E2B_API_KEY: 'e2b_' + '0123456789'.repeat(4), E2B_API_URL: url, E2B_SANDBOX_URL: url })

await assert.rejects(Sandbox.create({ apiKey: 'e2b_' + 'f'.repeat(40) }), AuthenticationError)
const sandbox = await Sandbox.create({ timeoutMs: 120_000, metadata: { k: 'v 1&2=3' }, envs: { GREETING: 'hello' } })
await sandbox.files.write('/app/a.txt', 'one')
await sandbox.files.write([{ path: '/app/dir/b.txt', data: 'two' }, { path: 'c.txt', data: 'three' }])
assert.equal(await sandbox.files.read('/app/a.txt'), 'one')
assert.equal(await sandbox.files.read('/home/user/c.txt'), 'three')
assert.deepEqual((await sandbox.files.list('/app')).map((entry) => entry.name).sort(), ['a.txt', 'dir'])
assert.equal(await sandbox.files.exists('/app/none'), false)
assert.equal(await sandbox.files.makeDir('/app/dir'), false)
await sandbox.files.rename('/app/a.txt', '/app/z.txt')
assert.equal((await sandbox.files.getInfo('/app/z.txt')).size, 3)
await sandbox.files.remove('/app/z.txt')
await assert.rejects(sandbox.files.read('/app/z.txt'), FileNotFoundError)

const result = await sandbox.commands.run('echo "$GREETING"; echo oops >&2; pwd', { cwd: '/app' })
assert.deepEqual([result.stdout, result.stderr], ['hello\n/app\n', 'oops\n'])
await assert.rejects(sandbox.commands.run('exit 3'), (error) => error instanceof CommandExitError && error.exitCode === 3)
await assert.rejects(sandbox.commands.run('sleep 60', { timeoutMs: 500 }))
const reader = await sandbox.commands.run('cat', { background: true, stdin: true, timeoutMs: 0 })
assert((await sandbox.commands.list()).some((process) => process.pid === reader.pid))
await sandbox.commands.sendStdin(reader.pid, 'typed')
const again = await sandbox.commands.connect(reader.pid)
await sandbox.commands.closeStdin(reader.pid)
assert.equal((await reader.wait()).stdout, 'typed')
assert.equal((await again.wait()).exitCode, 0)
const sleeper = await sandbox.commands.run('sleep 60', { background: true, timeoutMs: 0 })
assert.equal(await sleeper.kill(), true)
await assert.rejects(sleeper.wait())
assert.equal(await sandbox.commands.kill(sleeper.pid), false)

const listed = await Sandbox.list({ query: { metadata: { k: 'v 1&2=3' } } }).nextItems()
assert.deepEqual(listed.map((item) => item.sandboxId), [sandbox.sandboxId])
assert.deepEqual(await Sandbox.list({ query: { metadata: { k: 'other' } } }).nextItems(), [])
await sandbox.setTimeout(60_000)
assert.equal((await sandbox.getInfo()).cpuCount, 2)
assert.equal((await sandbox.getMetrics()).length, 1)
assert.equal(await sandbox.pause(), true)
assert.equal(await sandbox.isRunning(), false)
assert.equal(await (await Sandbox.connect(sandbox.sandboxId)).isRunning(), true)
assert.equal(await sandbox.kill(), true)
assert.equal(await sandbox.kill(), false)
assert.equal(await sandbox.isRunning(), false)
cloud.stdin.end()
console.log('ok')
