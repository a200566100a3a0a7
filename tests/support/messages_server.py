#!/usr/bin/env python3
"""A scripted Messages API server for tests: it plays scenarios instead of thinking.

    messages_server.py [--play SCENARIO,SCENARIO,...] [--key KEY] [--chunk CHARS] [--delay-ms MS]

The first line on stdout is its base URL. Each POST /v1/messages plays the next scenario of the list, and the last one again
and again. GET /journal answers the requests so far (keys only as "present"). It ends when stdin is closed or on SIGTERM.

It answers as the API documents it; the official clients read its normal scenarios (tests/peers). The app that it "writes"
depends on the type that the request names, and its tags carry the nonce of the request.
"""
import argparse
import json
import re
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Scripted todo</title>
<link rel="icon" href="data:,">
<style>:root { --ink: #223; } body { font: 1rem/1.5 Georgia, serif; color: var(--ink); margin: 2rem auto; max-width: 40rem; }</style>
</head>
<body>
<h1>Scripted todo h\u00e9 \U0001f600</h1>
<form id="form"><label>New task <input id="text" autocomplete="off"></label> <button>Add</button></form>
<ul id="list"></ul>
<script>
const list = document.getElementById('list');
const text = document.getElementById('text');
document.getElementById('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const title = text.value.trim();
  if (!title) return;
  const item = document.createElement('li');
  item.textContent = title;
  item.addEventListener('click', () => item.remove());
  list.append(item);
  text.value = '';
});
// a < b && c > d, &lt;escaped&gt; stays as it is
</script>
</body>
</html>
"""

SERVER = """const http = require('node:http');
const { routes } = require('./routes.js');
const server = http.createServer((request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname;
  const route = routes[`${request.method} ${path}`];
  response.setHeader('content-type', 'application/json');
  if (!route) {
    response.statusCode = 404;
    response.end(JSON.stringify({ error: 'no such route' }));
    return;
  }
  response.end(JSON.stringify(route()));
});
server.listen(process.env.PORT || 3000, '0.0.0.0', () => console.log('listening'));
"""

ROUTES = """const items = [{ id: 1, title: 'first' }];
exports.routes = {
  'GET /health': () => ({ ok: true }),
  'GET /': () => ({ routes: ['/health', '/items'] }),
  'GET /items': () => items,
};
"""

PACKAGE = """{
  "name": "scripted-api",
  "version": "1.0.0",
  "private": true,
  "type": "commonjs",
  "scripts": { "start": "node server.js" }
}
"""

SCRIPT = """const values = [3, 1, 2];
const sum = values.reduce((a, b) => a + b, 0);
console.log('scripted sum:', sum);
"""

APPS = {
    "webapp": ('type="webapp" entry="index.html" title="Scripted todo" files="index.html"', [("index.html", PAGE)]),
    "api": (
        'type="api" entry="server.js" start="node server.js" port="3000" title="Scripted API" '
        'files="package.json server.js routes.js"',
        [("package.json", PACKAGE), ("server.js", SERVER), ("routes.js", ROUTES)],
    ),
    "script": ('type="script" entry="index.js" start="node index.js" title="Scripted sum" files="index.js"', [("index.js", SCRIPT)]),
}


def reply(nonce, manifest, files):
    out = [f"<app-{nonce} {manifest}/>\n"]
    for path, content in files:
        out.append(f'<file-{nonce} path="{path}">\n{content}</file-{nonce}>\n')
    return "".join(out)


def block_of(content):
    return content if isinstance(content, str) else "".join(b.get("text", "") for b in content if b.get("type") == "text")


def error_body(kind, message, request_id="req_scripted"):
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}


class Plan:
    """What one scenario does: a status with a body, or a stream."""

    def __init__(self, name, nonce, app_type, assistant, page_bytes):
        manifest, files = APPS[app_type]
        self.name = name
        self.status = 200
        self.headers = {}
        self.body = None  # of an answer that is no stream
        self.content_type = "application/json"
        self.stop_reason = "end_turn"
        self.stop_details = None
        self.line_end = "\n"
        self.names = True
        self.bom = False
        self.comment = False
        self.ping = False
        self.thinking = False
        self.done_mark = False
        self.message_stop = True
        self.final_blank = True
        self.usage = True
        self.split_bytes = False
        self.cut_after = None  # share of the text after which the connection breaks inside an event
        self.error_after = None
        self.silent_after = None
        self.full = reply(nonce, manifest, files)
        self.text = self.full
        setup = getattr(self, "play_" + re.sub(r"\W", "_", name), None)
        if setup is None:
            raise SystemExit(f"unknown scenario {name}")
        setup(nonce, manifest, files, assistant, page_bytes)

    # Ordinary streams, in the variants that servers use.
    def play_normal(self, *_):
        self.ping = True

    def play_slow(self, *_):
        pass

    def play_crlf(self, *_):
        self.line_end = "\r\n"

    def play_cr(self, *_):
        self.line_end = "\r"

    def play_bom(self, *_):
        self.bom = True

    def play_ping(self, *_):
        self.ping = True
        self.comment = True

    def play_split_utf8(self, *_):
        self.split_bytes = True

    def play_thinking(self, *_):
        self.thinking = True

    def play_nameless(self, *_):
        self.names = False
        self.done_mark = True
        self.final_blank = False

    def play_no_message_stop(self, *_):
        self.message_stop = False

    def play_no_usage(self, *_):
        self.usage = False

    def play_whole_json(self, *_):
        self.body = {
            "id": "msg_whole", "type": "message", "role": "assistant", "model": "claude-haiku-5-5",
            "content": [{"type": "text", "text": self.text}], "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": 900, "output_tokens": 700},
        }

    def play_openai_reasons(self, *_):
        self.stop_reason = "stop"

    # Replies that need tolerance.
    def play_think_text(self, *_):
        self.text = "<think>\nplan <file-x path=\"no\">\n</think>\n" + self.full

    def play_no_tags(self, nonce, manifest, files, *_):
        self.text = files[0][1]

    def play_fenced(self, nonce, manifest, files, *_):
        self.text = "Here it is:\n\n```html\n" + files[0][1] + "```\n\nEnjoy!\n"

    def play_wrong_nonce(self, nonce, manifest, files, *_):
        self.text = reply("zzzz", manifest, files)

    def play_no_nonce(self, nonce, manifest, files, *_):
        self.text = self.full.replace("-" + nonce, "")

    def play_tags_inside(self, nonce, manifest, files, *_):
        inner = '<file path="evil.js">\nalert(1)\n</file>\n<file-other path="../x">\n</file-other>\n'
        self.text = reply(nonce, manifest, [(p, c.replace("<h1>", inner + "<h1>")) for p, c in files])

    def play_commentary(self, nonce, manifest, files, *_):
        self.text = "\x1b]0;owned\x07\x1b[2JSure! \x1b[31mred\x1b[0m\n" + self.full + "Done.\n"

    def play_escape_title(self, nonce, manifest, files, *_):
        self.text = reply(nonce, manifest.replace("Scripted", "\x1b[31m\u202eScripted"), files)

    # Apps that do not work.
    def play_broken(self, nonce, manifest, files, *_):
        """A page with a syntax error, or a program that ends at once with an exit code."""
        self.text = reply(nonce, manifest, [
            (p, c.replace("const list =", "const const list =") if p.endswith(".html")
             else "throw new Error('broken on purpose');\n" + c if p in ("server.js", "index.js") else c)
            for p, c in files])

    # Hostile and useless replies.
    def play_traversal(self, nonce, manifest, files, *_):
        self.text = reply(nonce, manifest, files + [("../../../../tmp/spawnai-escaped", "x\n")])

    def play_absolute(self, nonce, manifest, files, *_):
        self.text = reply(nonce, manifest, files + [("/etc/spawnai-escaped", "x\n")])

    def play_many_files(self, nonce, manifest, files, *_):
        self.text = reply(nonce, manifest, files + [(f"f{i}.txt", "x\n") for i in range(3000)])

    def play_garbage(self, *_):
        self.text = "I would rather talk about the weather. " * 40

    def play_empty(self, *_):
        self.text = ""

    def play_big(self, nonce, manifest, files, assistant, page_bytes):
        filler = "<!-- " + "x" * 95 + " -->\n"
        part = filler * (900_000 // len(filler))
        count = max(1, page_bytes // len(part))
        self.text = reply(nonce, manifest, files + [(f"part{i}.html", part) for i in range(count)])

    def play_huge_file(self, nonce, manifest, files, *_):
        self.text = reply(nonce, manifest, [(files[0][0], ("y" * 99 + "\n") * 500_000)])

    # Replies that are cut.
    def play_truncated(self, nonce, manifest, files, assistant, _):
        """Half of the reply, or of what a continuation still lacks, until little is left."""
        self.resume(assistant)
        if len(self.text) > 500:
            self.text = self.text[: len(self.text) // 2]
            self.stop_reason = "max_tokens"

    def play_truncated_repeating(self, nonce, manifest, files, assistant, _):
        """As truncated, but the continuation begins with prose, a fence and the last three lines again."""
        self.resume(assistant)
        if assistant:
            self.text = "Continuing where I left off:\n\n```html\n" + "\n".join(assistant.split("\n")[-3:]) + "\n" + self.text.lstrip("\n")
        else:
            self.text = self.text[: len(self.text) // 2]
            self.stop_reason = "max_tokens"

    def play_endless(self, nonce, manifest, files, assistant, _):
        self.text = (self.full.split("</body>")[0] if not assistant else "") + "".join(
            f"<p>line {time.monotonic_ns()} {i}</p>\n" for i in range(60))
        self.stop_reason = "max_tokens"

    def play_rest(self, nonce, manifest, files, assistant, _):
        self.resume(assistant)

    def play_cut(self, nonce, manifest, files, assistant, _):
        self.resume(assistant)
        if not assistant:
            self.cut_after = 0.6

    def play_cut_always(self, *_):
        self.cut_after = 0.6

    def play_cut_at_once(self, *_):
        self.cut_after = 0.0

    def play_silent(self, *_):
        self.silent_after = 0.3

    def play_error_event(self, nonce, manifest, files, assistant, _):
        self.resume(assistant)
        if not assistant:
            self.error_after = (0.5, "overloaded_error", "Overloaded")

    def play_error_event_first(self, *_):
        self.error_after = (0.0, "overloaded_error", "Overloaded")

    def play_refusal(self, *_):
        self.text = ""
        self.stop_reason = "refusal"
        self.stop_details = {"type": "refusal", "category": "cyber", "explanation": "That would do harm.\x1b[2J"}

    def play_refusal_midway(self, *_):
        self.text = self.full[: len(self.full) // 2]
        self.stop_reason = "refusal"

    # Answers with another status.
    def refuse(self, status, kind, message, **headers):
        self.status = status
        self.body = error_body(kind, message)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def play_429(self, *_):
        self.refuse(429, "rate_limit_error", "slow down", retry_after="1")

    def play_429_plain(self, *_):
        self.refuse(429, "rate_limit_error", "slow down")

    def play_429_long(self, *_):
        self.refuse(429, "rate_limit_error", "slow down", retry_after="3600")

    def play_429_spent(self, *_):
        self.refuse(429, "rate_limit_error", "no more")
        self.body["error"]["details"] = {"error_code": "enforced_spend_limit_reached"}

    def play_500(self, *_):
        self.refuse(500, "api_error", "internal")

    def play_529(self, *_):
        self.refuse(529, "overloaded_error", "Overloaded")

    def play_400(self, *_):
        self.refuse(400, "invalid_request_error", "output_config: not accepted")

    def play_401(self, *_):
        self.refuse(401, "authentication_error", "invalid x-api-key")

    def play_402(self, *_):
        self.refuse(402, "billing_error", "credit balance is too low")

    def play_403(self, *_):
        self.refuse(403, "permission_error", "not for this workspace")

    def play_404(self, *_):
        self.refuse(404, "not_found_error", "model: claude-nobody")

    def play_404_page(self, *_):
        self.status = 404
        self.body = "<!doctype html><title>Not here</title><p>nothing"
        self.content_type = "text/html"

    def play_413(self, *_):
        self.status = 413
        self.body = "<html><head><title>413 Request Entity Too Large</title></head></html>"
        self.content_type = "text/html"

    def play_page(self, *_):
        self.body = "<!doctype html><title>Welcome</title><p>hello"
        self.content_type = "text/html"

    def play_redirect(self, *_):
        self.status = 302
        self.headers = {"location": "http://127.0.0.1:9/v1/messages"}
        self.body = ""

    def play_noise(self, *_):
        self.body = "\x00\x01 not an event stream \xff" * 50
        self.content_type = "text/event-stream"

    def resume(self, assistant):
        if not assistant:
            return
        at = self.full.find(assistant)
        self.text = self.full[at + len(assistant):] if at >= 0 else self.full
        self.text = self.text[1:] if self.text.startswith("\n") else self.text


class Cut(Exception):
    pass


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path == "/journal":
            with self.server.lock:
                self.answer(200, self.server.journal)
        elif self.path.startswith("/v1/models"):
            self.answer(200, {"data": [{"id": "claude-haiku-5-5", "type": "model", "display_name": "Claude Haiku 5.5",
                                        "created_at": "2026-10-07T00:00:00Z"}], "has_more": False, "first_id": "claude-haiku-5-5",
                              "last_id": "claude-haiku-5-5"})
        else:
            self.answer(404, error_body("not_found_error", "no such path"))

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("content-length", "0")))
        if self.path.split("?")[0] != "/v1/messages":
            self.answer(404, error_body("not_found_error", "no such path"))
            return
        try:
            request = json.loads(raw)
        except ValueError:
            self.answer(400, error_body("invalid_request_error", "the body is not JSON"))
            return
        with self.server.lock:
            number = len(self.server.journal)
            name = self.server.scenarios[min(number, len(self.server.scenarios) - 1)]
            self.server.journal.append({
                "scenario": name,
                "time": time.time(),
                "headers": {k.lower(): ("present" if k.lower() in ("x-api-key", "authorization") else v) for k, v in self.headers.items()},
                "body": request,
            })
        problem = self.objection(request)
        if problem:
            self.answer(*problem)
            return
        messages = request["messages"]
        texts = [block_of(message["content"]) for message in messages]
        everything = "\n".join(texts)
        nonce = re.search(r"<file-([a-z0-9]{4,8})\b", everything)
        kind = re.search(r"type of the app is (\w+)", everything)
        assistant = next((t for m, t in zip(reversed(messages), reversed(texts)) if m["role"] == "assistant"), "")
        plan = Plan(name, nonce.group(1) if nonce else "k7q2", kind.group(1) if kind and kind.group(1) in APPS else "webapp",
                    assistant, self.server.options.big)
        if plan.body is not None:
            self.answer(plan.status, plan.body, plan.content_type, plan.headers)
            return
        try:
            self.stream(request, plan)
        except Cut:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def objection(self, request):
        """What the API itself would refuse."""
        key = self.server.options.key
        sent = {self.headers.get("x-api-key"), (self.headers.get("authorization") or "").removeprefix("Bearer ")}
        if key and key not in sent:
            return 401, error_body("authentication_error", "invalid x-api-key")
        if self.headers.get("anthropic-version") not in ("2023-06-01", "2026-10-21"):
            return 400, error_body("invalid_request_error", "anthropic-version: header is required")
        if not request.get("model") or not isinstance(request.get("max_tokens"), int) or request["max_tokens"] < 1:
            return 400, error_body("invalid_request_error", "model and max_tokens are required")
        for field in ("temperature", "top_p", "top_k"):
            if field in request:
                return 400, error_body("invalid_request_error", f"{field}: not accepted")
        messages = request.get("messages")
        if not isinstance(messages, list) or not messages or messages[0].get("role") != "user" or messages[-1].get("role") != "user":
            return 400, error_body("invalid_request_error", "messages: must begin and end with the user")
        for message in messages:
            text = block_of(message.get("content", ""))
            if not text.strip():
                return 400, error_body("invalid_request_error", "messages: text content must not be empty")
            if message["role"] == "assistant" and text != text.rstrip():
                return 400, error_body("invalid_request_error", "messages: final assistant content cannot end with trailing whitespace")
        return None

    def answer(self, status, body, content_type="application/json", headers=None):
        data = body.encode("utf-8", "surrogateescape") if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("request-id", "req_scripted")
        self.send_header("content-length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def stream(self, request, plan):
        options = self.server.options
        if not request.get("stream"):
            self.answer(200, {
                "id": "msg_scripted", "type": "message", "role": "assistant", "model": request["model"],
                "content": [{"type": "text", "text": plan.text}], "stop_reason": plan.stop_reason, "stop_sequence": None,
                "usage": {"input_tokens": 900, "output_tokens": max(1, len(plan.text) // 3)}})
            return
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("cache-control", "no-cache")
        self.send_header("request-id", "req_scripted")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()

        def write(data):
            pieces = [data[i:i + 1] for i in range(len(data))] if plan.split_bytes else [data]
            for piece in pieces:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()

        def encode(payload):
            lines = ([f"event: {payload['type']}"] if plan.names else []) + ["data: " + json.dumps(payload, ensure_ascii=False), "", ""]
            return plan.line_end.join(lines).encode()

        def event(payload):
            write(encode(payload))

        def broken(share, so_far):
            """Breaks off in the way that the plan says once so much of the text was sent."""
            if plan.cut_after is not None and so_far >= plan.cut_after * share:
                write(encode({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "never whole"}})[:40])
                raise Cut
            if plan.error_after is not None and so_far >= plan.error_after[0] * share:
                event(error_body(plan.error_after[1], plan.error_after[2]))
                self.wfile.write(b"0\r\n\r\n")
                return True
            if plan.silent_after is not None and so_far >= plan.silent_after * share:
                self.server.ending.wait(600)
                raise Cut
            return False

        input_usage = {"input_tokens": 212, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 1488} if plan.usage else {}
        if plan.bom:
            write(b"\xef\xbb\xbf")
        event({"type": "message_start", "message": {
            "id": "msg_scripted", "type": "message", "role": "assistant", "model": request["model"], "content": [],
            "stop_reason": None, "stop_sequence": None, "usage": {**input_usage, "output_tokens": 1 if plan.usage else 0}}})
        index = 0
        if plan.thinking:
            event({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}})
            event({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "Let me plan."}})
            event({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "RXhhbXBsZQ=="}})
            event({"type": "content_block_stop", "index": 0})
            index = 1
        if plan.cut_after == 0.0 or (plan.error_after and plan.error_after[0] == 0.0):
            if broken(1, 1):
                return
        event({"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}})
        if plan.ping:
            event({"type": "ping"})
        if plan.comment:
            write((": keep-alive" + plan.line_end * 2).encode())
        size = options.chunk
        if len(plan.text) > 1_000_000:
            size = max(size, 4096)
        for start in range(0, len(plan.text), size):
            if start and broken(len(plan.text), start):
                return
            event({"type": "content_block_delta", "index": index,
                   "delta": {"type": "text_delta", "text": plan.text[start:start + size]}})
            if options.delay_ms:
                time.sleep(options.delay_ms / 1000)
        event({"type": "content_block_stop", "index": index})
        event({"type": "message_delta",
               "delta": {"stop_reason": plan.stop_reason, "stop_sequence": None, "stop_details": plan.stop_details},
               "usage": {"output_tokens": max(1, len(plan.text) // 3)} if plan.usage else {}})
        if plan.message_stop:
            last = encode({"type": "message_stop"})
            write(last if plan.final_blank else last.rstrip(b"\r\n"))
        if plan.done_mark:
            write(b"\n\ndata: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (BrokenPipeError, ConnectionResetError)):
            super().handle_error(request, client_address)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--play", default="normal", help="scenarios, separated by commas")
    parser.add_argument("--key", default="", help="refuse requests without this key")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--chunk", type=int, default=40, help="characters per delta")
    parser.add_argument("--delay-ms", type=float, default=0, help="pause after each delta")
    parser.add_argument("--big", type=int, default=5_000_000, help="size in bytes of the reply of scenario big")
    options = parser.parse_args()
    server = Server(("127.0.0.1", options.port), Handler)
    server.options = options
    server.scenarios = options.play.split(",")
    server.journal = []
    server.lock = threading.Lock()
    server.ending = threading.Event()
    for name in server.scenarios:
        Plan(name, "k7q2", "webapp", "", 1)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        while sys.stdin.buffer.read(4096):
            pass
    except KeyboardInterrupt:
        pass
    server.ending.set()
    server.shutdown()


if __name__ == "__main__":
    main()
