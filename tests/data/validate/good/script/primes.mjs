export function* primes() {
  const found = [];
  for (let n = 2; ; n++) {
    if (found.every(p => p * p > n || n % p)) { found.push(n); yield n; }
  }
}
let count = 0;
for (const p of primes()) {
  process.stdout.write(`${p} `);
  if (++count >= 100) break;
}
console.log();
