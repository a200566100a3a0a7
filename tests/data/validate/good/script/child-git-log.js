const { execSync, spawnSync } = require('child_process');
const fs = require('fs');
let version = 'unknown';
try { version = execSync('git --version', { encoding: 'utf8' }).trim(); } catch { version = 'git is not installed'; }
const ls = spawnSync('ls', ['-la'], { encoding: 'utf8' });
const report = ['# Report', '', version, '', '```', ls.stdout, '```'].join('\n');
fs.mkdirSync('out', { recursive: true });
fs.writeFileSync('out/report.md', report);
console.log(report);
fs.rmSync('out', { recursive: true, force: true });
if (ls.status !== 0) process.exit(ls.status ?? 1);
