import Fastify from 'fastify';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { routes } from './lib/routes.js';

const __dirname = dirname(fileURLToPath(import.meta.url));
const file = join(__dirname, 'data.json');
const fastify = Fastify({ logger: true });
let data = JSON.parse(await readFile(file, 'utf8').catch(() => '{"notes":[]}'));
fastify.decorate('store', { get: () => data, async set(next) { data = next; await writeFile(file, JSON.stringify(data, null, 2)); } });
await fastify.register(routes, { prefix: '/api' });
fastify.get('/', async () => ({ hello: 'world' }));
try {
  await fastify.listen({ port: process.env.PORT ?? 3000, host: '0.0.0.0' });
} catch (err) {
  fastify.log.error(err);
  process.exit(1);
}
