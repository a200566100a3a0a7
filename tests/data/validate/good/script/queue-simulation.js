// TODO: add a second server later (not needed for this exercise)
const rand = (function seeded(s) { return () => (s = (s * 16807) % 2147483647) / 2147483647; })(42);
let clock = 0, queue = [], served = 0, waited = 0;
const onIdle = () => {};  // nothing to do when idle
while (true) {
  clock += -Math.log(1 - rand());
  queue.push(clock);
  if (rand() < .6 && queue.length) { waited += clock - queue.shift(); served++; } else onIdle();
  if (served >= 1000) break;
}
console.log({ clock: clock.toFixed(1), served, mean: (waited / served).toFixed(3), left: queue.length });
