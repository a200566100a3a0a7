import assert from 'node:assert/strict';

import { launch, namelessControls, watchedPage } from './support/browser.mjs';
import { request, runCases } from './support/harness.mjs';

function client(base) {
  const call = (method, path, body, headers = {}) =>
    request(new URL(path, base), {
      method,
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(typeof body === 'string' ? body : JSON.stringify(body)) }), ...headers },
    });
  const expect = async (status, ...words) => {
    const response = await call(...words);
    assert.equal(response.status, status, `${words[0]} ${words[1]}: ${response.text}`);
    if (status >= 400) {
      assert.match(response.headers['content-type'], /^application\/json/);
      assert.equal(typeof response.json().error, 'string');
    }
    return response;
  };
  return { call, expect };
}

/** What every service owes its visitors. */
async function checkManners({ url }, browser) {
  const { expect } = client(url);
  assert.equal((await expect(200, 'GET', '/health')).json().status, 'ok');
  assert.match((await expect(200, 'GET', '/')).headers['content-type'], /^text\/html/);
  assert.equal((await expect(200, 'HEAD', '/')).text, '');
  await expect(404, 'GET', '/there/is/nothing');
  await expect(405, 'DELETE', '/health');
  const page = await watchedPage(browser, url);
  assert.deepEqual(await namelessControls(page), []);
  await page.setViewportSize({ width: 360, height: 740 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'the page is wider than a phone');
  page.assertHealthy();
  await page.context().close();
}

await runCases(
  'api',
  {
    'hello-api': async ({ url }, browser) => {
      const { expect } = client(url);
      const json = async (path) => (await expect(200, 'GET', path)).json();
      assert.equal((await json('/hello')).message, 'Hello, world!');
      assert.equal((await json('/hello?name=Ada%20%3Cb%3E')).message, 'Hello, Ada <b>!');
      await expect(400, 'GET', `/hello?name=${'x'.repeat(101)}`);
      assert.match((await json('/time')).iso, /^\d{4}-\d\d-\d\dT/);
      assert.match((await json('/time?zone=Asia/Tokyo')).local, /GMT\+9|JST/);
      await expect(400, 'GET', '/time?zone=Nowhere/Land');
      const { throws, sum } = await json('/dice?count=50&sides=4');
      assert.equal(throws.length, 50);
      assert.ok(throws.every((value) => value >= 1 && value <= 4));
      assert.equal(sum, throws.reduce((a, b) => a + b));
      for (const bad of ['count=0', 'count=101', 'sides=x', 'sides=-1']) await expect(400, 'GET', `/dice?${bad}`);
      const echoed = (await expect(200, 'PUT', '/echo?a=1&b=2', { deep: [1, { x: null }] })).json();
      assert.deepEqual([echoed.method, echoed.path, echoed.query, echoed.body], ['PUT', '/echo', { a: '1', b: '2' }, { deep: [1, { x: null }] }]);
      await expect(413, 'POST', '/echo', 'x'.repeat(100_000));
      await expect(413, 'POST', '/echo', 'x'.repeat(5_000_000));
      await expect(404, 'GET', '/constructor');

      const page = await watchedPage(browser, url);
      await page.getByRole('link', { name: '/hello?name=Ada' }).click();
      await page.waitForFunction(() => document.querySelector('#answer').textContent.includes('Hello, Ada!'));
      page.assertHealthy();
    },

    'todo-api': async ({ url }, browser) => {
      const { expect } = client(url);
      const created = await expect(201, 'POST', '/todos', { title: ' Write tests ' });
      const todo = created.json();
      assert.equal(todo.title, 'Write tests');
      assert.equal(todo.done, false);
      assert.equal(created.headers.location, `/todos/${todo.id}`);
      assert.deepEqual((await expect(200, 'GET', `/todos/${todo.id}`)).json(), todo);
      assert.equal((await expect(200, 'PATCH', `/todos/${todo.id}`, { done: true })).json().done, true);
      assert.equal((await expect(200, 'GET', `/todos/${todo.id}`)).json().title, 'Write tests');
      const done = (await expect(200, 'GET', '/todos?done=true')).json();
      assert.deepEqual(done.todos.map((one) => one.id), [todo.id]);
      assert.equal((await expect(200, 'GET', '/todos?q=WRITE')).json().total, 1);
      assert.equal((await expect(200, 'GET', '/todos?limit=1')).json().todos.length, 1);
      const replaced = (await expect(200, 'PUT', `/todos/${todo.id}`, { title: 'Other' })).json();
      assert.deepEqual([replaced.title, replaced.done], ['Other', false]);
      await expect(204, 'DELETE', `/todos/${todo.id}`);
      await expect(404, 'GET', `/todos/${todo.id}`);
      await expect(404, 'DELETE', `/todos/${todo.id}`);

      await expect(400, 'POST', '/todos', '{');
      await expect(400, 'POST', '/todos', '[]');
      await expect(422, 'POST', '/todos', {});
      await expect(422, 'POST', '/todos', { title: '   ' });
      await expect(422, 'POST', '/todos', { title: 'x'.repeat(501) });
      await expect(422, 'POST', '/todos', { title: 'x', done: 'yes' });
      await expect(422, 'POST', '/todos', { title: 'x', owner: 'me' });
      await expect(400, 'GET', '/todos?limit=-1');
      await expect(413, 'POST', '/todos', { title: 'x'.repeat(100_000) });
      await expect(413, 'POST', '/todos', 'x'.repeat(5_000_000));
      await expect(400, 'GET', '/todos?limit=%');
      await expect(200, 'GET', '/health');

      const page = await watchedPage(browser, url);
      await page.fill('#body', '{"title": "From the page"}');
      await page.click('button');
      await page.waitForFunction(() => document.querySelector('#answer').textContent.includes('"From the page"'));
      page.assertHealthy();
      assert.equal((await expect(200, 'GET', '/todos?q=from+the+page')).json().total, 1);
    },

    'url-shortener': async ({ url }, browser) => {
      const { expect } = client(url);
      const link = (await expect(201, 'POST', '/api/links', { url: 'https://example.com/a?b=c' })).json();
      assert.match(link.code, /^[a-z0-9]{6}$/);
      assert.equal(link.shortUrl, new URL(link.code, url).href);
      for (let i = 0; i < 2; i += 1) assert.equal((await expect(302, 'GET', `/${link.code}`)).headers.location, 'https://example.com/a?b=c');
      await expect(302, 'HEAD', `/${link.code}`);
      assert.equal((await expect(200, 'GET', `/api/links/${link.code}`)).json().clicks, 2);

      assert.equal((await expect(201, 'POST', '/api/links', { url: 'example.org', code: 'mine' })).json().url, 'https://example.org/');
      await expect(409, 'POST', '/api/links', { url: 'https://example.org', code: 'mine' });
      await expect(409, 'POST', '/api/links', { url: 'https://example.org', code: 'health' });
      assert.deepEqual((await expect(200, 'GET', '/api/links')).json().links.map((one) => one.code), ['mine', link.code]);
      await expect(204, 'DELETE', '/api/links/mine');
      await expect(404, 'GET', '/mine');
      await expect(404, 'DELETE', '/api/links/mine');

      for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'ftp://example.com', 'https://', '', 7, null]) await expect(422, 'POST', '/api/links', { url: bad });
      await expect(422, 'POST', '/api/links', { url: 'https://example.org', code: '../x' });
      await expect(400, 'POST', '/api/links', 'nonsense');
      await expect(413, 'POST', '/api/links', { url: `https://example.org/${'x'.repeat(50_000)}` });
      await expect(413, 'POST', '/api/links', 'x'.repeat(5_000_000));

      const page = await watchedPage(browser, url);
      await page.fill('#url', 'https://example.net/long');
      await page.fill('#code', 'by-hand');
      await page.press('#code', 'Enter');
      await page.getByRole('link', { name: /by-hand$/ }).waitFor();
      await page.getByRole('button', { name: 'Delete by-hand' }).click();
      await page.getByRole('link', { name: /by-hand$/ }).waitFor({ state: 'detached' });
      page.assertHealthy();
      await expect(404, 'GET', '/by-hand');
    },

    'paste-api': async ({ url }, browser) => {
      const { expect } = client(url);
      const text = 'Zeilen\nund Übung ✓ <b>';
      const paste = (await expect(201, 'POST', '/pastes', { text })).json();
      assert.equal(paste.text, text);
      assert.equal(paste.size, Buffer.byteLength(text));
      const raw = await expect(200, 'GET', `/raw/${paste.key}`);
      assert.equal(raw.text, text);
      assert.match(raw.headers['content-type'], /^text\/plain/);

      assert.equal((await expect(201, 'PUT', '/pastes/settings', { text: 'a=1' })).json().expires, null);
      assert.equal((await expect(200, 'PUT', '/pastes/settings', { text: 'a=2', ttl: 3600 })).json().text, 'a=2');
      assert.ok((await expect(200, 'GET', '/pastes/settings')).json().expires);
      assert.equal((await expect(201, 'POST', '/pastes?ttl=600', 'plain body', { 'content-type': 'text/plain' })).json().text, 'plain body');
      const listed = (await expect(200, 'GET', '/pastes')).json().pastes;
      assert.equal(listed.length, 3);
      assert.equal(listed[1].key, 'settings');
      await expect(204, 'DELETE', '/pastes/settings');
      await expect(404, 'GET', '/pastes/settings');
      await expect(404, 'DELETE', '/pastes/settings');

      await expect(422, 'POST', '/pastes', { text: '' });
      await expect(422, 'POST', '/pastes', { text: 5 });
      await expect(422, 'POST', '/pastes', { text: 'x', ttl: -1 });
      await expect(422, 'POST', '/pastes', { text: 'x', ttl: true });
      await expect(422, 'PUT', '/pastes/a%20b', { text: 'x' });
      await expect(422, 'POST', '/pastes', '{"text": "\\ud800"}');
      await expect(400, 'POST', '/pastes', '{');
      await expect(413, 'POST', '/pastes', { text: 'x'.repeat(300_000) });
      await expect(413, 'POST', '/pastes', 'x'.repeat(5_000_000));
      await expect(200, 'GET', '/health');

      const page = await watchedPage(browser, url);
      await page.fill('#text', 'typed in');
      await page.fill('#key', 'typed');
      await page.click('form button');
      await page.getByRole('link', { name: 'typed', exact: true }).waitFor();
      page.assertHealthy();
      assert.equal((await expect(200, 'GET', '/raw/typed')).text, 'typed in');
    },
  },
  {
    prepare: launch,
    finish: (browser) => browser.close(),
    around: async (run, { opened, context }) => {
      await run();
      await checkManners(opened, context);
    },
  },
);
