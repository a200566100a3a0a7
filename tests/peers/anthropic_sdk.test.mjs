// The official TypeScript SDK reads our scripted Messages API: what we test our client against is what the API is.
import assert from 'node:assert/strict';
import { install, scriptedServer } from '../support/peer_setup.mjs';

const load = install('@anthropic-ai/sdk@1.11.0');
const { Anthropic, APIError } = load('@anthropic-ai/sdk');

const question = {
  model: 'claude-haiku-5-5',
  max_tokens: 32000,
  messages: [{ role: 'user', content: 'The type of the app is webapp. Write <file-abc123 path="...">.' }],
};
const client = (url, options = {}) => new Anthropic({ apiKey: 'sk-ant-peer-test', baseURL: url, maxRetries: 0, ...options });

async function streamed(play, options) {
  const server = await scriptedServer(play);
  try {
    const message = await client(server.url, options).messages.stream(question).finalMessage();
    return { message, text: message.content.filter((block) => block.type === 'text').map((block) => block.text).join(''), journal: await server.journal() };
  } finally {
    server.stop();
  }
}

const plain = await streamed('normal');
assert.equal(plain.message.stop_reason, 'end_turn');
assert.equal(plain.message.usage.input_tokens, 212);
assert.equal(plain.message.usage.cache_read_input_tokens, 1488);
assert.ok(plain.message.usage.output_tokens > 100);
assert.ok(plain.text.startsWith('<app-abc123 ') && plain.text.endsWith('</file-abc123>\n'));
assert.ok(plain.text.includes('h\u00e9 \u{1F600}'));

for (const play of ['slow', 'crlf', 'cr', 'bom', 'ping', 'split_utf8', 'thinking'])
  assert.equal((await streamed(play)).text, plain.text, play);

const truncated = await streamed('truncated');
assert.equal(truncated.message.stop_reason, 'max_tokens');
assert.ok(plain.text.startsWith(truncated.text));
const refused = await streamed('refusal');
assert.equal(refused.message.stop_reason, 'refusal');
assert.equal(refused.message.stop_details.category, 'cyber');

// The SDK's own retries are served, and its errors are the ones that it documents.
for (const first of ['429', '429_plain', '529', '500']) {
  const recovered = await streamed(`${first},normal`, { maxRetries: 2 });
  assert.equal(recovered.text, plain.text, first);
  assert.equal(recovered.journal.length, 2);
}
for (const [play, status] of [['401', 401], ['403', 403], ['404', 404], ['400', 400], ['529', 529]])
  await assert.rejects(streamed(play), (error) => error instanceof APIError && error.status === status, play);
await assert.rejects(streamed('error_event'), (error) => /Overloaded/.test(error.message));
await assert.rejects(streamed('cut'));

const server = await scriptedServer('normal', '--key', 'sk-ant-peer-test');
const whole = await client(server.url).messages.create({ ...question, max_tokens: 1000 });
assert.equal(whole.content[0].text, plain.text);
const models = [];
for await (const model of client(server.url).models.list()) models.push(model.id);
assert.deepEqual(models, ['claude-haiku-5-5']);
server.stop();
console.log('the official TypeScript SDK reads every scenario');
