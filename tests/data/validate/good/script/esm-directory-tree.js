import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { depth: { type: 'string', short: 'd', default: '2' } } });
const root = positionals[0] ?? '.';
async function tree(dir, depth, indent = '') {
  if (depth < 0) return;
  const entries = await readdir(dir, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name))) {
    const { size } = await stat(join(dir, entry.name)).catch(() => ({ size: 0 }));
    console.log(`${indent}${entry.name}${entry.isDirectory() ? '/' : ` (${size} B)`}`);
    if (entry.isDirectory()) await tree(join(dir, entry.name), depth - 1, indent + '  ');
  }
}
await tree(root, Number(values.depth));
