let n = 0;
console.log('start');
for (;;) { n++; }
