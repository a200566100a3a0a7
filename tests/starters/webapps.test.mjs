// Every page is used as its user would use it. Afterwards each is held against what all of them owe: no error, nothing loaded from
// elsewhere, labels, contrast, narrow screens, both themes, and storage full of nonsense.
import assert from 'node:assert/strict';
import fs from 'node:fs';

import { faintTexts, launch, namelessControls, watchedPage } from './support/browser.mjs';
import { eventually, runCases } from './support/harness.mjs';

const texts = (page, selector) => page.locator(selector).allTextContents();
const text = (page, selector) => page.locator(selector).textContent();

async function typeEach(page, selector, items) {
  for (const item of items) {
    await page.fill(selector, item);
    await page.press(selector, 'Enter');
  }
}

async function download(page, trigger) {
  const waiting = page.waitForEvent('download');
  await trigger();
  const file = await waiting;
  return { name: file.suggestedFilename(), content: fs.readFileSync(await file.path()) };
}

/** From here on the page's time moves only by clock.runFor: no test waits for minutes, and none depends on the machine's speed. */
async function stopClock(page) {
  await page.clock.install({ time: new Date(2026, 0, 2, 12) });
  await page.clock.pauseAt(new Date(2026, 0, 2, 12, 1));
  await page.reload();
}

const cases = {
  async todo(page) {
    await typeEach(page, '#text', ['Buy milk', '  Call Ada  ', 'Write <b>tests</b>', '   ']);
    assert.deepEqual(await texts(page, '.name'), ['Buy milk', 'Call Ada', 'Write <b>tests</b>']);
    assert.equal(await text(page, '#count'), '3 tasks left');
    await page.getByRole('checkbox', { name: 'Call Ada' }).check();
    assert.equal(await text(page, '#count'), '2 tasks left');

    await page.getByRole('button', { name: 'Active', exact: true }).click();
    assert.deepEqual(await texts(page, '.name'), ['Buy milk', 'Write <b>tests</b>']);
    await page.getByRole('button', { name: 'Done', exact: true }).click();
    assert.deepEqual(await texts(page, '.name'), ['Call Ada']);
    await page.getByRole('button', { name: 'All', exact: true }).click();

    await page.getByText('Buy milk').dblclick();
    await page.getByLabel('Edit task').fill('Buy oat milk');
    await page.keyboard.press('Enter');
    assert.equal(await page.getByLabel('Edit task').count(), 0);
    await page.getByRole('button', { name: 'Edit: Call Ada' }).click();
    await page.getByLabel('Edit task').fill('never mind');
    await page.keyboard.press('Escape');
    // Leaving the field by a click elsewhere keeps the change, and the click counts.
    await page.getByRole('button', { name: /^Edit: Write/ }).click();
    await page.getByLabel('Edit task').fill('Write more tests');
    await page.getByRole('button', { name: 'Delete: Buy oat milk' }).click();
    assert.deepEqual(await texts(page, '.name'), ['Call Ada', 'Write more tests']);

    await page.reload();
    assert.deepEqual(await texts(page, '.name'), ['Call Ada', 'Write more tests']);
    assert.ok(await page.getByRole('checkbox', { name: 'Call Ada' }).isChecked());
    await page.getByRole('button', { name: 'Clear completed' }).click();
    assert.deepEqual(await texts(page, '.name'), ['Write more tests']);
    await page.getByRole('button', { name: 'Delete: Write more tests' }).click();
    await page.reload();
    assert.deepEqual(await texts(page, '.name'), []);
    assert.ok(await page.getByText('Nothing to do.').isVisible());
  },

  async counter(page) {
    const values = () => texts(page, '.value');
    await page.getByRole('button', { name: 'Plus one' }).click({ clickCount: 3 });
    await page.getByRole('button', { name: 'Minus one' }).click();
    assert.deepEqual(await values(), ['2']);
    await page.keyboard.press('Shift+ArrowUp');
    assert.deepEqual(await values(), ['12']);
    await page.click('#add');
    await page.keyboard.type('Birds <b>');
    for (let i = 0; i < 3; i += 1) await page.keyboard.press('ArrowDown');
    assert.deepEqual(await values(), ['12', '-3']);
    await page.reload();
    assert.deepEqual(await values(), ['12', '-3']);
    assert.equal(await page.getByLabel('Name of the counter').nth(1).inputValue(), 'Birds <b>');
    await page.getByRole('button', { name: 'Reset' }).first().click();
    assert.ok(await page.getByRole('button', { name: 'Reset' }).first().isDisabled());
    await page.getByRole('button', { name: 'Delete: Birds <b>' }).click();
    await page.reload();
    assert.deepEqual(await values(), ['0']);
  },

  async tictactoe(page) {
    const play = async (cells) => {
      for (const cell of cells) await page.locator('.cell').nth(cell).click({ force: true });
    };
    const score = async () => [await text(page, '#score-x'), await text(page, '#score-draw'), await text(page, '#score-o')];
    await play([0, 0, 4, 1, 8, 2]);
    assert.equal(await text(page, '#status'), 'X wins!');
    assert.equal(await page.locator('.cell.won').count(), 3);
    await play([5]);
    assert.match(await page.locator('.cell').nth(5).getAttribute('aria-label'), /empty$/, 'a finished game takes no more moves');
    await page.click('#again');
    assert.equal(await text(page, '#status'), 'O to move', 'the other one begins');
    await play([0, 1, 2, 4, 3, 5, 7, 6, 8]);
    assert.equal(await text(page, '#status'), 'A draw.');
    assert.deepEqual(await score(), ['1', '1', '0']);
    await page.reload();
    assert.deepEqual(await score(), ['1', '1', '0']);

    // The perfect computer never loses, whatever is tried.
    await stopClock(page);
    await page.selectOption('#mode', 'perfect');
    for (let game = 0; game < 12; game += 1) {
      for (let move = 0; move < 9; move += 1) {
        await page.clock.runFor(400);
        const open = await page.locator('.cell[aria-disabled=false]').all();
        if (open.length === 0) break;
        await open[(game * 7 + move * 3) % open.length].click();
      }
      assert.match(await text(page, '#status'), /^(The computer wins|A draw)\.$/);
      await page.click('#again');
    }
    assert.equal((await score())[0], '1');
    await page.reload();
    assert.equal(await page.inputValue('#mode'), 'perfect');
  },

  async calculator(page) {
    const results = {
      '1+2*3': '7', '(1+2)*3': '9', '0.1+0.2': '0.3', '2^3^2': '512', '-2^2': '−4', '10/4': '2.5', '√16+1': '5', '200+10%': '220', '50%': '0.5',
      '2π': '6.28318530718', '7-10': '−3', '2(3+4': '14', '1e3+1': '1001', '5−−3': '8', '.5*4': '2',
    };
    for (const [source, answer] of Object.entries(results)) {
      await page.fill('#input', source);
      await page.press('#input', 'Enter');
      assert.equal(await text(page, '#result'), answer, source);
    }
    for (const [source, answer] of Object.entries({ '1/0': 'Cannot divide by zero', '√(0-1)': 'No root of a negative number', '1+': 'Not a calculation', 'alert(1)': 'Not a calculation', '9^999': 'Too large' })) {
      await page.fill('#input', source);
      await page.press('#input', 'Enter');
      assert.equal(await text(page, '#result'), answer, source);
    }
    await page.keyboard.press('Escape');
    await page.waitForFunction(() => document.querySelector('#input').value === '');
    for (const key of ['7', '×', '8', '=', 'Add', '4', '=']) await page.locator('#keys').getByRole('button', { name: { '×': 'Multiply', '=': 'Equals' }[key] ?? key, exact: true }).click();
    assert.equal(await text(page, '#result'), '60');
    await page.locator('#keys').getByRole('button', { name: '9', exact: true }).click();
    assert.equal(await page.inputValue('#input'), '9', 'a digit after "=" begins a new calculation');
    await page.reload();
    assert.equal((await texts(page, '#past button'))[0], '56+4 =60');
    await page.locator('#past button').first().click();
    assert.equal(await text(page, '#result'), '60');
    await page.getByRole('button', { name: 'Clear history' }).click();
    assert.ok(await page.locator('#history').isHidden());
  },

  async timer(page) {
    await stopClock(page);
    assert.equal(await text(page, '#time'), '25:00');
    await page.click('#toggle');
    await page.clock.runFor(61_000);
    assert.equal(await text(page, '#time'), '23:59');
    await page.click('#toggle');
    await page.clock.runFor(60_000);
    assert.equal(await text(page, '#time'), '23:59', 'a paused timer stands still');
    await page.click('#toggle');
    await page.clock.runFor(24 * 60_000 + 500);
    assert.match(await text(page, '#phase'), /^Break/);
    await page.click('#reset');
    assert.equal(await text(page, '#time'), '25:00');
    await page.fill('#focus', '1');
    assert.equal(await text(page, '#time'), '01:00');
    await page.fill('#focus', '999');
    await page.press('#focus', 'Tab');
    assert.equal(await page.inputValue('#focus'), '1', 'what is out of range is not taken');

    await page.getByRole('tab', { name: 'Stopwatch' }).click();
    await page.click('#toggle');
    await page.clock.runFor(12_340);
    await page.click('#lap');
    await page.clock.runFor(1_000);
    await page.click('#toggle');
    assert.match(await text(page, '#time'), /^00:13\.\d\d$/);
    assert.match((await texts(page, '#laps li'))[0], /^Lap 100:12\.\d\d00:12\.\d\d$/);

    await page.getByRole('tab', { name: 'Stopwatch' }).press('ArrowRight');
    assert.equal(await page.getByRole('tab', { name: 'Countdown' }).getAttribute('aria-selected'), 'true');
    await page.fill('#minutes', '0');
    await page.fill('#seconds', '5');
    await page.press('#seconds', 'Enter');
    await page.clock.runFor(6_000);
    assert.equal(await text(page, '#time'), '00:00');
    assert.equal(await text(page, '#phase'), 'Time is up');
    await page.reload();
    assert.equal(await text(page, '#time'), '00:05', 'the settings survive a reload');
    await page.locator('h1').click();
    await page.keyboard.press('Space');
    assert.equal(await text(page, '#toggle'), 'Pause');
  },

  async notes(page) {
    await page.fill('#text', 'Groceries\nmilk');
    await page.click('#new');
    await page.keyboard.type('Ideas <i>');
    assert.equal((await texts(page, '#list strong')).length, 2);
    await page.fill('#search', 'MILK');
    assert.deepEqual(await texts(page, '#list strong'), ['Groceries']);
    await page.fill('#search', 'no such words');
    assert.ok(await page.getByText('No note has these words.').isVisible());
    await page.fill('#search', '');
    await page.reload();
    assert.deepEqual((await texts(page, '#list strong')).sort(), ['Groceries', 'Ideas <i>']);
    assert.equal(await page.inputValue('#text'), 'Ideas <i>');
    await page.getByRole('button', { name: 'Groceries' }).click();
    const file = await download(page, () => page.click('#download'));
    assert.equal(file.name, 'Groceries.txt');
    assert.equal(file.content.toString(), 'Groceries\nmilk');
    await page.click('#delete');
    assert.deepEqual(await texts(page, '#list strong'), ['Ideas <i>']);
    await page.getByRole('button', { name: 'Undo' }).click();
    assert.equal(await page.inputValue('#text'), 'Groceries\nmilk');
    await page.click('#delete');
    await page.click('#delete');
    await page.reload();
    assert.ok(await page.getByText('No notes yet.').isVisible());
  },

  async kanban(page) {
    const column = (id) => texts(page, `[data-column=${id}] .item p`);
    const before = await column('todo');
    assert.equal(before.length, 2);
    await page.fill('[data-column=todo] .add input', 'Third <u>card</u>');
    await page.keyboard.press('Enter');
    assert.deepEqual(await column('todo'), [...before, 'Third <u>card</u>']);

    await page.getByText(before[0], { exact: true }).dragTo(page.locator('[data-column=done]'));
    assert.deepEqual(await column('todo'), [before[1], 'Third <u>card</u>']);
    assert.ok((await column('done')).includes(before[0]));

    await page.locator('.item', { hasText: 'Third' }).focus();
    await page.keyboard.press('Shift+ArrowUp');
    assert.deepEqual(await column('todo'), ['Third <u>card</u>', before[1]]);
    await page.keyboard.press('Shift+ArrowRight');
    assert.equal((await column('doing'))[0], 'Third <u>card</u>');
    await page.keyboard.press('Shift+ArrowDown');
    assert.equal((await column('doing'))[1], 'Third <u>card</u>');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    assert.ok((await column('done')).includes('Third <u>card</u>'));

    await page.keyboard.press('Enter');
    await page.getByLabel('Text of the card').fill('Renamed');
    await page.keyboard.press('Enter');
    await page.reload();
    assert.ok((await column('done')).includes('Renamed'));
    await page.getByRole('button', { name: 'Edit: Renamed' }).click();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.reload();
    assert.ok(!(await column('done')).includes('Renamed'));
  },

  async expenses(page) {
    const add = async (amount, what, category) => {
      await page.fill('#amount', amount);
      await page.fill('#what', what);
      await page.selectOption('#category', category);
      await page.press('#what', 'Enter');
    };
    await add('12.50', 'Lunch', 'Food');
    await add('7,25', '=Cinema, "popcorn"', 'Leisure');
    await add('1,234.50', 'Rent', 'Home');
    await add('0.10', 'Gum', 'Food');
    assert.equal(await text(page, '#total'), '1,254.35');
    assert.deepEqual(await texts(page, '#bars div'), ['Home1,234.50', 'Food12.60', 'Leisure7.25']);
    await add('nonsense', 'x', 'Food');
    await add('-5', 'x', 'Food');
    await add('5', '   ', 'Food');
    assert.equal((await texts(page, '#rows li')).length, 4);
    await page.click('#previous');
    assert.equal(await text(page, '#total'), '0.00');
    await page.click('#next');
    await page.reload();
    assert.equal(await text(page, '#total'), '1,254.35');
    const file = await download(page, () => page.click('#export'));
    assert.equal(file.name, 'expenses.csv');
    const lines = file.content.toString().trim().split('\r\n');
    assert.equal(lines[0], 'date,amount,category,what');
    assert.match(lines[3], /^\d{4}-\d\d-\d\d,7\.25,"Leisure","'=Cinema, ""popcorn"""$/);
    await page.getByRole('button', { name: 'Delete: Rent' }).click();
    assert.equal(await text(page, '#total'), '19.85');
  },

  async markdown(page) {
    const render = async (source) => {
      await page.fill('#source', source);
      return page.locator('#preview').innerHTML();
    };
    assert.ok(await page.locator('#preview table td', { hasText: 'Apples' }).isVisible(), 'the sample is shown');
    assert.equal(await render('# One *two*'), '<h1>One <em>two</em></h1>');
    assert.equal(await render('a **b** `*c*` ~~d~~ snake_case_word'), '<p>a <strong>b</strong> <code>*c*</code> <del>d</del> snake_case_word</p>');
    assert.equal(await render('- a\n- b\n  1. c\n'), '<ul><li>a</li><li>b<ol><li>c</li></ol></li></ul>');
    assert.equal(await render('3. a\n4. b'), '<ol start="3"><li>a</li><li>b</li></ol>');
    assert.equal(await render('```js\nif (a < b) {}\n\n# no heading\n```'), '<pre><code class="language-js">if (a &lt; b) {}\n\n# no heading\n</code></pre>');
    assert.equal(await render('> a\n> b'), '<blockquote><p>a\nb</p></blockquote>');
    assert.match(await render('|a|b|\n|-|-:|\n|1|2|'), /^<table><thead><tr><th[^>]*>a<\/th>.*<td style="text-align:right">2<\/td>/);
    assert.match(await render('[x](https://example.com "t")'), /^<p><a href="https:\/\/example\.com" title="t" target="_blank" rel="noopener noreferrer">x<\/a><\/p>$/);
    for (const attack of [
      '<img src=x onerror=alert(1)>', '<script>alert(1)</script>', '[x](javascript:alert(1))', '[x](JaVaScRiPt:alert(1))', '[x](data:text/html,x)',
      '![x](javascript:alert(1))', '`<b onclick=alert(1)>`', '[x](https://a"onmouseover="alert(1))', '```"><img src=x onerror=alert(1)>\n```', '\u00000\u0000 [x](//evil)',
    ]) {
      await render(attack);
      const bad = await page.locator('#preview').evaluate((preview) => [...preview.querySelectorAll('*')]
        .filter((element) => element.tagName === 'SCRIPT' || [...element.attributes].some(({ name, value }) => name.startsWith('on') || /^\s*(javascript|data):/i.test(value)))
        .map((element) => element.outerHTML));
      assert.deepEqual(bad, [], attack);
    }
    assert.equal((await render('**'.repeat(500) + '['.repeat(500) + '>'.repeat(200))) === '', false, 'deep nonsense is still shown');
    await render('kept *over* a reload');
    await page.reload();
    assert.equal(await page.inputValue('#source'), 'kept *over* a reload');
    assert.equal(await text(page, '#count'), '4 words');
    const file = await download(page, () => page.click('#download'));
    assert.equal(file.content.toString(), 'kept *over* a reload');
  },

  async quiz(page) {
    const play = async (choose) => {
      let score = 0;
      for (let i = 1; i <= 10; i += 1) {
        assert.match(await text(page, '.meta'), new RegExp(`^Question ${i} of 10Score ${score}$`));
        await choose(i);
        assert.equal(await page.locator('.choice.right').count(), 1);
        if ((await page.locator('.choice.wrong').count()) === 0) score += 1;
        await page.keyboard.press('Enter');
      }
      assert.equal(await text(page, '#score'), `${score} / 10`);
      assert.equal(await page.locator('.review li').count(), 10);
      assert.equal(await page.locator('.review li.missed').count(), 10 - score);
      return score;
    };
    const first = await play((i) => page.keyboard.press(String((i % 4) + 1)));
    await page.getByRole('button', { name: 'Play again' }).click();
    const second = await play(() => page.locator('.choice').first().click());
    assert.equal(await text(page, '.meta span:last-child'), `Best ${Math.max(first, second)} of 10`);
    await page.reload();
    assert.match(await text(page, '.meta'), /Question 1/);
  },

  async drawing(page) {
    const ink = () => page.locator('#canvas').evaluate((canvas) => {
      const copy = Object.assign(document.createElement('canvas'), { width: canvas.width, height: canvas.height });
      const context = copy.getContext('2d', { willReadFrequently: true });
      context.drawImage(canvas, 0, 0);
      const { data } = context.getImageData(0, 0, copy.width, copy.height);
      const count = { all: 0, red: 0 };
      for (let i = 0; i < data.length; i += 4) {
        if (data[i] + data[i + 1] + data[i + 2] < 700) count.all += 1;
        if (data[i] > 180 && data[i + 1] < 90 && data[i + 2] < 90) count.red += 1;
      }
      return count;
    });
    const stroke = async (from, to) => {
      const box = await page.locator('#canvas').boundingBox();
      const at = ([x, y]) => [box.x + box.width * x, box.y + box.height * y];
      await page.mouse.move(...at(from));
      await page.mouse.down();
      await page.mouse.move(...at(to), { steps: 8 });
      await page.mouse.up();
    };
    assert.deepEqual(await ink(), { all: 0, red: 0 });
    await stroke([0.2, 0.2], [0.8, 0.2]);
    const one = await ink();
    assert.ok(one.all > 500 && one.red === 0);
    await page.getByRole('button', { name: 'Red', exact: true }).click();
    await stroke([0.2, 0.5], [0.8, 0.5]);
    const two = await ink();
    assert.ok(two.red > 500);
    await page.click('#undo');
    assert.equal((await ink()).red, 0);
    await page.keyboard.press('Control+Shift+Z');
    assert.equal((await ink()).red, two.red);
    await page.reload();
    const again = await ink();
    assert.ok(again.red > 500 && again.all > two.all * 0.95, 'the drawing survives a reload');
    await page.click('#eraser');
    await stroke([0.1, 0.5], [0.9, 0.5]);
    assert.ok((await ink()).red < 20);
    await page.setViewportSize({ width: 500, height: 800 });
    await eventually('the drawing is drawn anew in the new size', async () => (await ink()).all > 100);
    const file = await download(page, () => page.click('#download'));
    assert.equal(file.name, 'drawing.png');
    assert.equal(file.content.subarray(1, 4).toString(), 'PNG');
    await page.click('#clear');
    assert.equal((await ink()).all, 0);
    await page.click('#undo').catch(() => {});
    assert.ok(await page.locator('#undo').isDisabled());
    await page.click('#redo');
    assert.ok((await ink()).all > 100, 'a cleared sheet can be had back');
  },

  async habits(page) {
    await page.clock.setFixedTime(new Date(2026, 4, 14, 12));
    await page.reload();
    await typeEach(page, '#name', ['Read', 'Walk']);
    const day = (habit, date) => page.getByRole('button', { name: `${habit}, ${date}` });
    for (const date of ['Tuesday, May 12', 'Wednesday, May 13', 'Thursday, May 14']) await day('Read', date).click();
    await day('Walk', 'Monday, May 11').press('Enter');
    assert.ok(await day('Read', 'Friday, May 15').isDisabled(), 'the future cannot be ticked');
    assert.deepEqual(await texts(page, 'tbody small'), ['streak 3 days', 'streak 0 days, best 1']);
    assert.equal(await text(page, '#summary'), '1 of 2 done today');
    await day('Read', 'Wednesday, May 13').click();
    assert.equal((await texts(page, 'tbody small'))[0], 'streak 1 day');
    await day('Read', 'Wednesday, May 13').click();
    await page.reload();
    assert.deepEqual(await texts(page, 'tbody small'), ['streak 3 days', 'streak 0 days, best 1']);
    await page.click('#previous');
    assert.equal(await text(page, '#span'), 'May 4 to May 10');
    await day('Walk', 'Sunday, May 10').click();
    assert.equal((await texts(page, 'tbody small'))[1], 'streak 0 days, best 2');
    await page.click('#next');
    await page.getByRole('button', { name: 'Rename: Walk' }).click();
    await page.getByLabel('Name of the habit').fill('Run');
    await page.keyboard.press('Enter');
    assert.equal(await page.getByLabel('Name of the habit').count(), 0);
    const answers = ['dismiss', 'accept'];
    page.on('dialog', (dialog) => dialog[answers.shift()]());
    await page.getByRole('button', { name: 'Delete: Run' }).click();
    assert.equal(await page.locator('tbody tr').count(), 2);
    await page.getByRole('button', { name: 'Delete: Run' }).click();
    assert.deepEqual(answers, []);
    await page.reload();
    assert.equal(await page.locator('tbody tr').count(), 1);
  },

  async converter(page) {
    const convert = async (kind, value, from, to) => {
      await page.locator('#kinds').getByRole('button', { name: kind }).click();
      await page.selectOption('#left-unit', from);
      await page.selectOption('#right-unit', to);
      await page.fill('#left', value);
      return page.inputValue('#right');
    };
    for (const [kind, value, from, to, expected] of [
      ['Length', '1', 'mi', 'km', '1.609344'], ['Length', '12', 'in', 'ft', '1'], ['Mass', '1', 'kg', 'lb', '2.20462262'],
      ['Temperature', '100', '°C', '°F', '212'], ['Temperature', '-40', '°F', '°C', '-40'], ['Temperature', '0', 'K', '°C', '-273.15'],
      ['Volume', '1', 'gal', 'l', '3.78541178'], ['Area', '1', 'ha', 'm²', '10000'], ['Speed', '100', 'km/h', 'mph', '62.1371192'],
      ['Time', '1', 'wk', 'h', '168'], ['Data', '1', 'GiB', 'MiB', '1024'], ['Pressure', '1', 'atm', 'hPa', '1013.25'], ['Energy', '1', 'kWh', 'kJ', '3600'],
      ['Length', '1,5', 'm', 'cm', '150'], ['Length', '1,500', 'm', 'km', '1.5'], ['Length', '2e3', 'm', 'km', '2'],
    ]) {
      assert.equal(await convert(kind, value, from, to), expected, `${value} ${from} to ${to}`);
    }
    await page.fill('#right', '5');
    assert.equal(await page.inputValue('#left'), '5000', 'it converts in both directions');
    await page.click('#swap');
    assert.deepEqual([await page.inputValue('#left-unit'), await page.inputValue('#right-unit')], ['km', 'm']);
    await page.fill('#left', 'many');
    assert.equal(await page.inputValue('#right'), '');
    assert.equal(await text(page, '#sentence'), 'Type a number.');
    await convert('Temperature', '37', '°C', 'K');
    await page.reload();
    assert.deepEqual([await page.inputValue('#left'), await page.inputValue('#right')], ['37', '310.15']);
  },

  async password(page) {
    const current = () => text(page, '#password');
    const seen = new Set();
    for (let i = 0; i < 20; i += 1) {
      const password = await current();
      assert.equal(password.length, 20);
      for (const kind of [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z0-9]/]) assert.match(password, kind);
      seen.add(password);
      await page.click('#again');
    }
    assert.equal(seen.size, 20);
    await page.locator('#length').fill('8');
    for (const name of ['Capital letters', 'Digits', 'Symbols']) await page.getByLabel(name).uncheck();
    assert.match(await current(), /^[a-z]{8}$/);
    assert.match(await text(page, '#bits'), /^38 bits, weak$/);
    assert.ok(await page.getByLabel('Small letters').isDisabled(), 'one kind must stay');
    await page.getByLabel('Digits').check();
    await page.getByLabel('Small letters').uncheck();
    await page.getByLabel('No look-alikes').check();
    assert.match(await current(), /^[2-9]{8}$/);
    await page.getByLabel('Words', { exact: true }).check();
    assert.match(await current(), /^([a-z]+-){5}\d\d$/);
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.click('#copy');
    await page.getByText('Copied').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await current());
    const before = await current();
    await page.reload();
    assert.ok(await page.getByLabel('Words', { exact: true }).isChecked());
    assert.notEqual(await current(), before);
    assert.ok(!(await page.evaluate(() => JSON.stringify(localStorage))).includes(before), 'no password is stored');
  },

  async snake(page) {
    await stopClock(page);
    await page.keyboard.press('ArrowUp');
    assert.ok(await page.locator('#cover').isHidden(), 'a key starts the game');
    await page.keyboard.press('Space');
    assert.equal(await text(page, '#headline'), 'Paused');
    await page.clock.runFor(60_000);
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.clock.runFor(20 * 130);
    assert.equal(await text(page, '#headline'), 'Game over');
    assert.match(await text(page, '#detail'), /^That was the wall\. Score \d+/);

    // Played by rule: along the rows to the food, which every column reaches without crossing the short snake.
    await page.getByRole('button', { name: 'Play again' }).click();
    const state = () => page.evaluate(() => ({ head: game.snake[0], food: game.food, heading: game.heading, phase: game.phase, score: game.score, length: game.snake.length }));
    for (let i = 0; i < 400; i += 1) {
      const { head, food, heading, phase, score } = await state();
      assert.equal(phase, 'playing');
      if (score >= 2) break;
      const [dx, dy] = [food[0] - head[0], food[1] - head[1]];
      const wish = dx !== 0 ? (dx > 0 ? 'Right' : 'Left') : dy > 0 ? 'Down' : 'Up';
      const opposite = { left: 'Right', right: 'Left', up: 'Down', down: 'Up' }[heading];
      const aside = { left: head[1] > 10 ? 'Up' : 'Down', right: head[1] > 10 ? 'Up' : 'Down', up: head[0] > 10 ? 'Left' : 'Right', down: head[0] > 10 ? 'Left' : 'Right' }[heading];
      await page.keyboard.press(`Arrow${wish === opposite ? aside : wish}`);
      await page.clock.runFor(130);
    }
    const { score, length } = await state();
    assert.equal(score, 2);
    assert.equal(length, 5, 'it grew by what it ate');
    assert.equal(await text(page, '#score'), '2');
    await page.clock.runFor(40 * 130);
    await page.selectOption('#speed', 'fast');
    await page.reload();
    assert.ok(Number(await text(page, '#best')) >= 2, 'the best score survives a reload');
    assert.equal(await page.inputValue('#speed'), 'fast');
  },

  async memory(page) {
    await page.selectOption('#size', '12');
    assert.equal(await page.locator('.tile').count(), 12);
    const nameOf = async (index) => {
      await page.locator('.tile').nth(index).click();
      return (await page.locator('.tile').nth(index).getAttribute('aria-label')).replace(/^Card \d+: /, '').replace(', found', '');
    };
    // Looks at all cards two by two, then takes the pairs that are still closed.
    const places = new Map();
    for (let i = 0; i < 12; i += 1) {
      const name = await nameOf(i);
      places.set(name, [...(places.get(name) ?? []), i]);
    }
    assert.equal(places.size, 6);
    for (const [name, pair] of places) {
      assert.equal(pair.length, 2);
      if ((await page.locator('.tile').nth(pair[0]).getAttribute('aria-label')).endsWith('found')) continue;
      assert.equal(await nameOf(pair[0]), name);
      await page.locator('.tile').nth(pair[1]).click();
    }
    assert.equal(await page.locator('.tile.found').count(), 12);
    assert.match(await text(page, '#verdict'), /^All pairs found in \d+ moves and \d+:\d\d, your best so far\.$/);
    const moves = await text(page, '#moves');
    await page.reload();
    assert.equal(await text(page, '#best'), `${moves} moves`);
    await page.selectOption('#size', '24');
    assert.equal(await page.locator('.tile').count(), 24);
    await page.locator('.tile').first().focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    assert.doesNotMatch(await page.locator('.tile').nth(7).getAttribute('aria-label'), /face down/);
  },
};

/** What every page owes its users, in the state that its case left it. */
async function checkManners(page) {
  assert.deepEqual(await namelessControls(page), []);
  assert.equal(await page.locator('header h1').count(), 1);
  assert.ok((await page.title()).length > 0);

  for (const theme of ['light', 'dark']) {
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), theme);
    assert.deepEqual(await faintTexts(page), [], `${theme} theme`);
    await page.click('#theme');
  }
  await page.click('#theme');
  await page.reload();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark', 'the chosen theme survives a reload');

  await page.setViewportSize({ width: 320, height: 640 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than a small phone');

  for (const nonsense of ['{', 'null', '"x"', '[null, 1, {}]', '[{"id": 1, "text": 2, "days": 3, "points": 4}]']) {
    await page.evaluate((value) => {
      for (const key of Object.keys(localStorage)) localStorage.setItem(key, value);
    }, nonsense);
    await page.reload();
    assert.ok(await page.locator('header h1').isVisible());
  }
}

await runCases(
  'webapp',
  Object.fromEntries(
    Object.entries(cases).map(([id, use]) => [
      id,
      async ({ url }, browser) => {
        const page = await watchedPage(browser, url);
        try {
          await use(page);
          await checkManners(page);
          page.assertHealthy();
        } finally {
          await page.context().close();
        }
        const closed = await watchedPage(browser, url);
        await closed.addInitScript(() => {
          Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('denied', 'SecurityError'); } });
        });
        await closed.reload();
        assert.ok(await closed.locator('header h1').isVisible());
        await closed.click('#theme');
        closed.assertHealthy();
        await closed.context().close();
      },
    ]),
  ),
  { prepare: launch, finish: (browser) => browser.close() },
);
