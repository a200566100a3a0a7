// An HTTP/2 server over TLS with odd manners. Arguments: key file, certificate file, a FIFO that gets the port.
import { createSecureServer } from "node:http2";
import { readFileSync, writeFileSync } from "node:fs";

const [key, certificate, fifo] = process.argv.slice(2);
const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(certificate), allowHTTP1: true });
let sessions = 0;
server.on("session", () => ++sessions);
server.on("sessionError", () => {});
server.on("request", (request, response) => {
  const path = request.url;
  request.on("error", () => {});
  response.on("error", () => {});
  if (path === "/echo") {
    let size = 0;
    request.on("data", (piece) => (size += piece.length));
    request.on("end", () => response.end(`${request.httpVersion} ${request.method} ${size}`));
  } else if (path === "/sessions") {
    response.end(String(sessions));
  } else if (path === "/endless") {
    const block = Buffer.alloc(65536, "x");
    const more = () => {
      while (!response.destroyed && response.write(block));
    };
    response.on("drain", more);
    more();
  } else if (path === "/stall") {
    response.write("first");
  } else if (path === "/reset") {
    response.write("first");
    setTimeout(() => response.stream.close(2), 20);
  } else if (path === "/hangup") {
    response.write("first");
    setTimeout(() => request.stream.session.destroy(), 20);
  } else {
    response.writeHead(404).end("no");
  }
});
server.listen(0, "127.0.0.1", () => writeFileSync(fifo, `${server.address().port}\n`));
