import assert from 'node:assert/strict';

import { runCases } from './support/harness.mjs';

const people = 'name,age,city\nAda,36,London\nGrace,85,New York\nLinus,,Helsinki\nEdsger,72,"Nuenen, NL"\n';

await runCases('script', {
  'csv-stats': async ({ output }, _, open) => {
    assert.match(output, /Sample data/);
    assert.match(output, /14 rows, 5 columns/);
    assert.match(output, /sum +174\.93 +mean +12\.50/);

    const { output: mine } = await open({ 'people.csv': people });
    assert.match(mine, /people\.csv/);
    assert.match(mine, /4 rows, 3 columns/);
    assert.match(mine, /age +\(number; 3 values, 1 missing, 3 distinct\)/);
    assert.match(mine, /mean +64\.33/);
    assert.match(mine, /median +72/);
    assert.doesNotMatch(mine, /Sample data/);
  },

  primes: async ({ output }) => {
    assert.match(output, /\b2 +3 +5 +7 +11 +13\b/);
    assert.match(output, /200,000 +17,984/);
    assert.match(output, /All 3 methods agree/);
  },

  'word-frequency': async ({ output }, _, open) => {
    assert.match(output, /Sample text/);
    assert.match(output, /lighthouse/);

    const { output: mine } = await open({ 'rhyme.txt': 'The cat sat. The cat ate!\n\nThe end.\n' });
    assert.match(mine, /rhyme\.txt/);
    assert.match(mine, /^ *words +8$/m);
    assert.match(mine, /sentences +3\b/);
    assert.match(mine, /paragraphs +2$/m);
    assert.match(mine, /the +3 +37\.5 %/);
  },
});
