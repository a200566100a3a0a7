import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COUNTS = {}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        COUNTS[self.path] = COUNTS.get(self.path, 0) + 1
        body = json.dumps({"path": self.path, "count": COUNTS[self.path]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def main():
    port = int(os.environ.get("PORT", "3000"))
    server = ThreadingHTTPServer(("", port), Handler)
    print(f"listening on {port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.shutdown()


if __name__ == "__main__":
    main()
