#!/usr/bin/env python3
"""A paste bin: texts under a key, with an optional time to live, in memory."""

import json
import os
import re
import secrets
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

PORT = int(os.environ.get("PORT") or 3000)
MAX_TEXT = 256 * 1024
MAX_BODY = 2 * MAX_TEXT  # JSON writes some characters with more bytes
MAX_DISCARDED = 64 * 1024 * 1024
MAX_PASTES = 1000
MAX_TTL = 30 * 24 * 3600
KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class HttpError(Exception):
    def __init__(self, status, message, headers=None):
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


class Pastes:
    """The texts by key. Safe from any thread; expired ones are never seen."""

    def __init__(self, clock=time.time):
        self._clock = clock
        self._lock = threading.Lock()
        self._items = {}

    def _forget_expired(self):
        now = self._clock()
        for key in [key for key, item in self._items.items() if item["expires"] is not None and item["expires"] <= now]:
            del self._items[key]

    def put(self, key, text, ttl):
        """Stores `text`; without a key, under a new one. Returns the paste and whether it is new."""
        with self._lock:
            self._forget_expired()
            while key is None:
                candidate = "".join(secrets.choice(ALPHABET) for _ in range(8))
                key = None if candidate in self._items else candidate
            is_new = key not in self._items
            if is_new and len(self._items) >= MAX_PASTES:
                raise HttpError(409, f"there are {MAX_PASTES} pastes already; delete some first")
            now = self._clock()
            self._items.pop(key, None)  # the newest is the last
            self._items[key] = {"text": text, "created": now, "expires": now + ttl if ttl else None}
            return self._describe(key), is_new

    def get(self, key):
        with self._lock:
            self._forget_expired()
            if key not in self._items:
                raise HttpError(404, f"there is no paste '{key}'")
            return self._describe(key)

    def delete(self, key):
        with self._lock:
            self._forget_expired()
            if self._items.pop(key, None) is None:
                raise HttpError(404, f"there is no paste '{key}'")

    def list(self):
        with self._lock:
            self._forget_expired()
            return [self._describe(key, preview=True) for key in reversed(self._items)]

    def __len__(self):
        with self._lock:
            self._forget_expired()
            return len(self._items)

    def _describe(self, key, preview=False):
        item = self._items[key]
        result = {"key": key, "size": len(item["text"].encode()), "created": iso(item["created"]), "expires": iso(item["expires"])}
        if preview:
            result["preview"] = item["text"][:120]
        else:
            result["text"] = item["text"]
        return result


def iso(seconds):
    return None if seconds is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def check_key(key):
    if not isinstance(key, str) or not KEY.fullmatch(key):
        raise HttpError(422, "a key has 1 to 64 letters, digits, '.', '_' and '-'")
    return key


def check_ttl(value):
    if value in (None, "", 0):
        return 0
    try:
        ttl = int(value)
    except (TypeError, ValueError):
        ttl = -1
    if isinstance(value, bool) or not 1 <= ttl <= MAX_TTL:
        raise HttpError(422, f"'ttl' is a number of seconds from 1 to {MAX_TTL}")
    return ttl


PASTES = Pastes()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "PasteBin/1.0"
    timeout = 60  # an idle connection is closed

    def _body(self):
        if self.headers.get("Transfer-Encoding"):
            raise HttpError(411, "say the length of the body", {"Connection": "close"})
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if length < 0:
            raise HttpError(400, "the Content-Length is not a number", {"Connection": "close"})
        if length > MAX_BODY:
            # Read to its end, but not kept: who is cut off while sending does not see the answer.
            left = min(length, MAX_DISCARDED)
            while left > 0 and (chunk := self.rfile.read(min(left, 64 * 1024))):
                left -= len(chunk)
            raise HttpError(413, f"a paste may have at most {MAX_TEXT} bytes", {"Connection": "close"})
        return self.rfile.read(length)

    def _read_paste(self, query):
        """(key or None, text, ttl) from JSON, or from a plain body."""
        raw = self._body()
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise HttpError(400, "the body is not UTF-8 text") from None
        key, ttl = None, query.get("ttl", [None])[0]
        if self.headers.get_content_type() == "application/json":
            try:
                body = json.loads(text)
            except (ValueError, RecursionError):
                raise HttpError(400, "the body is not valid JSON") from None
            if not isinstance(body, dict) or not isinstance(body.get("text"), str):
                raise HttpError(422, "the body must be an object with a 'text'")
            key, ttl, text = body.get("key") or None, body.get("ttl", ttl), body["text"]
        if text == "":
            raise HttpError(422, "the text is empty")
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            raise HttpError(422, "the text has characters that are none") from None
        if size > MAX_TEXT:
            raise HttpError(413, f"a paste may have at most {MAX_TEXT} bytes")
        return key if key is None else check_key(key), text, check_ttl(ttl)

    def _send(self, status, content_type, body, headers=None):
        data = body if isinstance(body, bytes) else body.encode()
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
            if name == "Connection" and value == "close":
                self.close_connection = True
        self.end_headers()
        if self.command != "HEAD" and status != 204:
            self.wfile.write(data)

    def _json(self, status, value, headers=None):
        self._send(status, "application/json; charset=utf-8", json.dumps(value) + "\n", headers)

    def _route(self):
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        query = parse_qs(parts.query)
        method = "GET" if self.command == "HEAD" else self.command
        if path == "/":
            self._allow(method, "GET")
            return self._send(200, "text/html; charset=utf-8", PAGE)
        if path == "/health":
            self._allow(method, "GET")
            return self._json(200, {"status": "ok", "pastes": len(PASTES)})
        if path in ("/pastes", "/pastes/"):
            self._allow(method, "GET", "POST")
            if method == "GET":
                return self._json(200, {"pastes": PASTES.list()})
            key, text, ttl = self._read_paste(query)
            paste, is_new = PASTES.put(key, text, ttl)
            return self._json(201 if is_new else 200, paste, {"Location": f"/pastes/{paste['key']}"})
        match = re.fullmatch(r"/(pastes|raw)/([^/]+)", path)
        if match is None:
            raise HttpError(404, "there is nothing here; GET / explains what there is")
        kind, key = match.groups()
        if kind == "raw":
            self._allow(method, "GET")
            return self._send(200, "text/plain; charset=utf-8", PASTES.get(key)["text"])
        self._allow(method, "GET", "PUT", "DELETE")
        if method == "GET":
            return self._json(200, PASTES.get(key))
        if method == "DELETE":
            PASTES.delete(key)
            return self._send(204, None, b"")
        _, text, ttl = self._read_paste(query)
        paste, is_new = PASTES.put(check_key(key), text, ttl)
        return self._json(201 if is_new else 200, paste)

    def _allow(self, method, *allowed):
        if method not in allowed:
            names = ", ".join(allowed)
            raise HttpError(405, f"{method} is not possible here; allowed: {names}", {"Allow": names})

    def _handle(self):
        try:
            self._route()
        except HttpError as error:
            # What was sent may be unread: a kept connection would take it for the next request.
            unread = self.command in ("POST", "PUT", "PATCH") and error.status in (404, 405)
            self._json(error.status, {"error": str(error)}, {**error.headers, **({"Connection": "close"} if unread else {})})
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle

    def do_OPTIONS(self):
        self._send(204, None, b"", {
            "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, DELETE, OPTIONS",
            "Access-Control-Allow-Headers": "content-type",
        })

    def send_error(self, code, message=None, explain=None):
        self.close_connection = True
        try:
            self._json(code, {"error": message or "bad request"}, {"Connection": "close"})
        except OSError:
            self.close_connection = True

    def log_message(self, format, *args):
        sys.stdout.write(f"{self.address_string()} {format % args}\n".encode("ascii", "backslashreplace").decode())
        sys.stdout.flush()


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Paste bin</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2032%2032'%3E%3Crect%20width='32'%20height='32'%20rx='8'%20fill='%235f3dc4'/%3E%3Cpath%20d='M10%2010h12M10%2016h12M10%2022h7'%20fill='none'%20stroke='white'%20stroke-width='3'/%3E%3C/svg%3E">
<style>
:root { color-scheme: light dark; --bg: #f5f4f1; --card: #fff; --text: #1c1c21; --muted: #62626d; --line: #dedcd6; --accent: #5f3dc4; --on: #fff; --danger: #b42323; }
@media (prefers-color-scheme: dark) { :root { --bg: #131318; --card: #1d1d24; --text: #ececf1; --muted: #a3a3b0; --line: #34343f; --accent: #b197fc; --on: #14141a; --danger: #ff8b85; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { width: min(100% - 2rem, 46rem); margin: 0 auto; padding: clamp(1.5rem, 6vw, 3.5rem) 0; }
h1 { margin: 0 0 1.25rem; letter-spacing: -0.02em; }
section { margin-bottom: 1.25rem; padding: 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
label { display: grid; gap: 0.25rem; color: var(--muted); font-size: 0.875rem; }
textarea, input, select, button { min-height: 2.75rem; min-width: 0; padding: 0.5rem 0.8rem; border: 1px solid var(--line); border-radius: 10px; background: var(--bg); color: var(--text); font: inherit; }
textarea { min-height: 10rem; resize: vertical; font: 0.9rem/1.6 ui-monospace, Menlo, Consolas, monospace; }
.row { display: flex; flex-wrap: wrap; gap: 0.75rem; align-items: end; margin-top: 0.75rem; }
.row label { flex: 1 1 9rem; }
button { font-weight: 600; cursor: pointer; }
form button { background: var(--accent); border-color: var(--accent); color: var(--on); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
#message { min-height: 1.5rem; margin: 0.75rem 0 0; color: var(--muted); overflow-wrap: anywhere; }
#message.error { color: var(--danger); }
ul { margin: 0; padding: 0; list-style: none; }
li { display: flex; align-items: center; gap: 0.75rem; padding: 0.7rem 0; border-top: 1px solid var(--line); }
li:first-child { border-top: 0; padding-top: 0; }
li:last-child { padding-bottom: 0; }
li div { flex: 1; min-width: 0; }
li a { color: var(--accent); font-weight: 600; }
li small { display: block; overflow: hidden; color: var(--muted); text-overflow: ellipsis; white-space: nowrap; }
.empty { margin: 0; color: var(--muted); }
code { font: 0.875rem/1.6 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
details { color: var(--muted); }
summary { cursor: pointer; }
</style>
</head>
<body>
<main>
<h1>Paste bin</h1>
<section>
<form id="form">
<label>Text <textarea id="text" required spellcheck="false" autofocus></textarea></label>
<div class="row">
<label>Key (optional) <input id="key" pattern="[A-Za-z0-9][A-Za-z0-9._\\-]{0,63}" title="Letters, digits, dot, _ and -" autocomplete="off"></label>
<label>Keep for <select id="ttl"><option value="">as long as this runs</option><option value="600">10 minutes</option><option value="3600">1 hour</option><option value="86400">1 day</option></select></label>
<button>Save</button>
</div>
</form>
<p id="message" role="status"></p>
</section>
<section aria-label="Pastes"><ul id="pastes"></ul><p class="empty" id="empty" hidden>No pastes yet.</p></section>
<details>
<summary>As an API</summary>
<p><code>POST /pastes {"text": "hello", "key": "optional", "ttl": 3600}</code>, or a plain body<br>
<code>PUT /pastes/KEY</code>, <code>GET /pastes/KEY</code>, <code>GET /raw/KEY</code>, <code>DELETE /pastes/KEY</code>, <code>GET /pastes</code>, <code>GET /health</code></p>
<p>Pastes are kept in memory: a restart begins anew.</p>
</details>
</main>
<script>
const byId = (id) => document.getElementById(id);
function say(text, failed) {
  byId('message').textContent = text;
  byId('message').classList.toggle('error', Boolean(failed));
}
function element(name, properties, ...children) {
  const result = Object.assign(document.createElement(name), properties);
  result.append(...children);
  return result;
}
async function call(method, path, body) {
  const response = await fetch(path, { method, body: body && JSON.stringify(body), headers: body ? { 'content-type': 'application/json' } : {} });
  const answer = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}
function row(paste) {
  const remove = element('button', { type: 'button', textContent: 'Delete' });
  remove.setAttribute('aria-label', 'Delete ' + paste.key);
  remove.addEventListener('click', async () => {
    try {
      await call('DELETE', '/pastes/' + paste.key);
      say('Deleted.');
    } catch (error) {
      say(error.message, true);
    }
    refresh();
  });
  const until = paste.expires ? ' · until ' + new Date(paste.expires).toLocaleString() : '';
  return element('li', {},
    element('div', {},
      element('a', { href: '/raw/' + paste.key, textContent: paste.key }),
      element('small', { textContent: paste.size + ' bytes' + until + ' · ' + paste.preview })),
    remove);
}
async function refresh() {
  try {
    const { pastes } = await call('GET', '/pastes');
    byId('pastes').replaceChildren(...pastes.slice(0, 100).map(row));
    byId('empty').hidden = pastes.length > 0;
  } catch (error) {
    say('The server does not answer: ' + error.message, true);
  }
}
byId('form').addEventListener('submit', async (event) => {
  event.preventDefault();
  try {
    const paste = await call('POST', '/pastes', { text: byId('text').value, key: byId('key').value, ttl: Number(byId('ttl').value) });
    say('Saved: ' + location.origin + '/raw/' + paste.key);
    event.target.reset();
  } catch (error) {
    say(error.message, true);
  }
  byId('text').focus();
  refresh();
});
refresh();
</script>
</body>
</html>
"""


def main():
    ThreadingHTTPServer.request_queue_size = 128  # five, the default, is few for visitors who come at once
    server = ThreadingHTTPServer(("0.0.0.0", PORT), Handler)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: threading.Thread(target=server.shutdown).start())
    print(f"Paste bin on port {PORT}", flush=True)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
