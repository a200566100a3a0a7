const http = require('http');
const {answer} = require('@own/answer');
let redis = null;
if (process.env.REDIS_URL) redis = require('redis');
http.createServer((request, response) => response.end(answer(redis))).listen(process.env.PORT || 3000);
