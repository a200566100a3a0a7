import {createServer} from 'node:http';

import {answer} from './lib/answer.js';

class App {
    #server = createServer((request, response) => response.end(answer()));
    async start(port) { await new Promise((done) => this.#server.listen(port, done)); }
}
await new App().start(process.env.PORT ?? 3000);
