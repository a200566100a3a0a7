// Uses child_process for a legitimate purpose: asks the system about itself and converts with fixed arguments.
const express = require('express');
const { execFile, exec, spawn } = require('child_process');
const { promisify } = require('util');
const os = require('os');
const fs = require('fs');
const run = promisify(execFile);
const app = express();
app.get('/health', (req, res) => res.json({ ok: true, host: os.hostname(), load: os.loadavg() }));
app.get('/disk', async (req, res) => {
  try { const { stdout } = await run('df', ['-h']); res.type('text').send(stdout); } catch (e) { res.status(500).send(e.message); }
});
app.get('/uptime', (req, res) => exec('uptime', (err, out) => (err ? res.status(500).end() : res.send(out))));
app.get('/logs', (req, res) => {
  const tail = spawn('tail', ['-n', '50', 'app.log']);
  tail.stdout.pipe(res);
});
app.delete('/uploads/:name', (req, res) => {
  fs.rm('uploads/' + require('path').basename(req.params.name), { force: true }, () => res.sendStatus(204));
});
const trySpawn = (cmd) => { try { return spawn(cmd); } catch { return null; } };
if (!trySpawn('true')) process.exitCode = 1;
app.listen(process.env.PORT || 3000, function () { console.log('Up on port', this.address().port); });
