import {createServer} from 'node:http';

import {answer} from './lib/answer';

createServer((request, response) => response.end(answer())).listen(process.env.PORT || 3000);
