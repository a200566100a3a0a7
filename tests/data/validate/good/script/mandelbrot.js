const W = 60, H = 24;
let out = '';
for (let y = 0; y < H; y++) {
  for (let x = 0; x < W; x++) {
    let a = 0, b = 0, n = 0;
    const cx = (x / W) * 3.5 - 2.5, cy = (y / H) * 2 - 1;
    while (a * a + b * b < 4 && n < 50) [a, b, n] = [a * a - b * b + cx, 2 * a * b + cy, n + 1];
    out += ' .:-=+*#%@'[Math.floor(n / 5.01)];
  }
  out += '\n';
}
console.log(out);
