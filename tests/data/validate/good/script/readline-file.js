const readline = require('node:readline');
const fs = require('node:fs');
async function main() {
  const rl = readline.createInterface({ input: fs.createReadStream(__filename), crlfDelay: Infinity });
  const words = new Map();
  for await (const line of rl)
    for (const [word] of line.matchAll(/\w+/g)) words.set(word, (words.get(word) ?? 0) + 1);
  const top = [...words].sort(([, a], [, b]) => b - a).slice(0, 10);
  console.log(top.map(([w, n]) => `${String(n).padStart(3)} ${w}`).join('\n'));
}
main().catch(err => { console.error(err); process.exitCode = 1; });
