from http.server import HTTPServer, BaseHTTPRequestHandler

class H(BaseHTTPRequestHandler):
def do_GET(self):
    self.wfile.write(b"x")

HTTPServer(("", 3000), H).serve_forever()
