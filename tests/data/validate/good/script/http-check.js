const https = require('https');
const urls = ['https://example.com', 'https://nodejs.org'];
function check(url) {
  return new Promise(resolve => {
    const start = Date.now();
    const req = https.get(url, { timeout: 5000 }, res => {
      res.resume();
      res.on('end', () => resolve({ url, status: res.statusCode, ms: Date.now() - start }));
    });
    req.on('error', e => resolve({ url, error: e.code }));
    req.on('timeout', () => req.destroy(new Error('timeout')));
  });
}
(async () => {
  for (const result of await Promise.all(urls.map(check))) console.log(JSON.stringify(result));
})();
