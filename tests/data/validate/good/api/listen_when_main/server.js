const http = require('http');
const server = http.createServer((request, response) => response.end('ok'));
async function main() { server.listen({port: Number(process.env.PORT) || 3000}); }
if (require.main === module)
    main().catch((error) => {
        console.error(error);
        process.exit(1);
    });
module.exports = server;
