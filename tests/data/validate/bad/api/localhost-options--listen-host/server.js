import Fastify from 'fastify';
const app = Fastify();
app.get('/', async () => 'hi');
await app.listen({ port: 3000, host: 'localhost' });
