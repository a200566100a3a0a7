#!/usr/bin/env python3
"""An E2B cloud for tests, on one loopback port: the control plane and the gateway to sandboxes, which are real ones (bubblewrap).

    fake_cloud.py [--key KEY] [--api both|v1] [--port PORT]

As a program it prints its URL and ends when stdin is closed. As a module it is a FakeCloud, whose journal tells what was asked
and whose faults spoil chosen answers:

    cloud.fault("create", answer(429, {"code": 429, "message": "Rate limit exceeded"}, {"Retry-After": "1"}))

spoils the next create; several faults are used one after the other, and `for_ever` repeats the last one. Names of
routes: create, list, get, kill, timeout, connect, pause, metrics, logs, and for the daemon health, files, Start, Connect, Move ...
and app. Its conduct follows E2B's published OpenAPI document and what its SDKs send; the official SDK judges it (tests/peers).
"""
import argparse
import base64
import concurrent.futures
import http.client
import json
import os
import re
import secrets
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "e2b_" + "0123456789" * 4
ENVD_PORT = 49983
DAEMON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fake_envd.py")


class Answer:
    """What is sent back: whole (`body`) or in pieces (`pieces`)."""

    def __init__(self, status, body=b"", headers=None, pieces=None):
        self.status = status
        self.headers = dict(headers or {})
        self.pieces = pieces
        self.body = body
        if not isinstance(body, (bytes, str)):
            self.body = json.dumps(body)
            self.headers.setdefault("Content-Type", "application/json")
        if isinstance(self.body, str):
            self.body = self.body.encode()


def refusal(status, message, **more):
    return Answer(status, {"code": status, "message": message, **more})


# Faults: functions of (handler, perform). `perform()` does what was asked and returns the Answer, which may then be spoilt.

def answer(status, body=b"", headers=None):
    return lambda handler, perform: handler.send(Answer(status, body, headers))


def changed(change):
    """Does what was asked, and answers with `change(json)`."""
    def fault(handler, perform):
        real = perform()
        handler.send(Answer(real.status, change(json.loads(real.body)), real.headers))
    return fault


def instead(body, status=200, headers=None):
    """Does what was asked, and answers something else."""
    def fault(handler, perform):
        perform()
        handler.send(Answer(status, body, headers))
    return fault


def late(seconds):
    """Does what was asked at once, and answers late."""
    def fault(handler, perform):
        real = perform()
        handler.cloud.ending.wait(seconds)
        handler.send(real)
    return fault


def after(seconds, then=None):
    """Does what was asked late."""
    def fault(handler, perform):
        handler.cloud.ending.wait(seconds)
        (then or passed)(handler, perform)
    return fault


def passed(handler, perform):
    handler.send(perform())


def dropped(handler, perform):
    """Does what was asked, and closes the connection without an answer."""
    perform()
    handler.hang_up()


def cut(count):
    """Does what was asked, and breaks the connection after `count` bytes of the body."""
    def fault(handler, perform):
        handler.send(perform(), cut=count)
    return fault


def wrong_length(more):
    """Announces `more` bytes than come."""
    def fault(handler, perform):
        handler.send(perform(), length=more)
    return fault


def drip(handler, perform):
    """A byte now and then, without end."""
    handler.head(200, {"Content-Type": "application/json", "Content-Length": "1000000000"})
    while not handler.cloud.ending.wait(0.3):
        handler.wfile.write(b" ")


def flood(size, kind="application/json"):
    """A body of `size` bytes of nothing."""
    def fault(handler, perform):
        handler.head(200, {"Content-Type": kind, "Content-Length": str(size)})
        piece = b" " * (1 << 20)
        for _ in range(size >> 20):
            handler.wfile.write(piece)
    return fault


def frames(frame, pause=0.0, end=None):
    """A process stream of this frame again and again, for ever or `end` times."""
    def fault(handler, perform):
        handler.head(200, {"Content-Type": "application/connect+json", "Transfer-Encoding": "chunked"})
        count = 0
        while not handler.cloud.ending.is_set() and (end is None or count < end):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(frame), frame))
            count += 1
            if pause:
                time.sleep(pause)
        handler.wfile.write(b"0\r\n\r\n")
    return fault


def without_end_frame(handler, perform):
    real = perform()
    def pieces():
        for piece in real.pieces:
            # Frames come whole from the daemon, one in a piece.
            if piece[0] & 2:
                return
            yield piece
    handler.send(Answer(real.status, b"", real.headers, pieces()))


class Sandbox:
    def __init__(self, cloud, wanted, secure):
        self.id = "i" + "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(20))
        self.token = secrets.token_hex(32) if secure else None
        self.wanted = wanted
        self.started = time.time()
        self.ends = self.started + wanted["timeout"]
        self.paused = False
        self.directory = tempfile.mkdtemp(prefix="spawnai-fake-")
        root = os.path.join(self.directory, "root")
        self.sockets = os.path.join(self.directory, "run")
        for path in (self.sockets, *(os.path.join(root, p) for p in ("app", "home/user", "tmp", "run", "var/tmp"))):
            os.makedirs(path)
        for name, line in (("passwd", "user:x:1000:1000::/home/user:/bin/bash"), ("group", "user:x:1000:")):
            with open(os.path.join(self.directory, name), "w") as file:
                file.write(line + "\n")
        command = ["bwrap", "--bind", root, "/", "--ro-bind", "/usr", "/usr", "--ro-bind", "/etc", "/etc", "--symlink", "usr/bin", "/bin",
                   "--symlink", "usr/sbin", "/sbin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64", "/lib64",
                   "--ro-bind", os.path.join(self.directory, "passwd"), "/etc/passwd", "--ro-bind", os.path.join(self.directory, "group"), "/etc/group",
                   "--unshare-user", "--uid", "1000", "--gid", "1000", "--proc", "/proc", "--dev", "/dev", "--bind", self.sockets, "/run/cloud", "--ro-bind", DAEMON, "/run/fake_envd.py",
                   "--unshare-pid", "--unshare-net", "--unshare-ipc", "--die-with-parent", "--clearenv",
                   "--setenv", "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "--setenv", "E2B_SANDBOX", "true",
                   "--setenv", "E2B_SANDBOX_ID", self.id]
        for name, value in wanted.get("envVars", {}).items():
            command += ["--setenv", name, value]
        command += ["/usr/bin/python3", "/run/fake_envd.py", "/run/cloud"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError("the sandbox did not start")

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def access(self, cloud):
        found = {"templateID": self.wanted["templateID"], "sandboxID": self.id, "clientID": "6532622b", "envdVersion": "0.6.13",
                 "alias": self.wanted["templateID"], "domain": cloud.domain}
        if self.token:
            found["envdAccessToken"] = self.token
        return found

    def listed(self, cloud):
        return {"templateID": self.wanted["templateID"], "sandboxID": self.id, "clientID": "6532622b", "envdVersion": "0.6.13",
                "startedAt": rfc3339(self.started), "endAt": rfc3339(self.ends), "state": "paused" if self.paused else "running",
                "cpuCount": cloud.size[0], "memoryMB": cloud.size[1], "diskSizeMB": 10240, "metadata": self.wanted.get("metadata", {})}

    def detail(self, cloud):
        more = {"envdAccessToken": self.token} if self.token else {}
        return {**self.listed(cloud), **more, "domain": cloud.domain, "allowInternetAccess": self.wanted.get("allow_internet_access"),
                "lifecycle": {"autoResume": False, "onTimeout": "pause" if self.wanted.get("autoPause") else "kill"}}

    def connect(self, name):
        connection = socket.socket(socket.AF_UNIX)
        # The path of a Unix socket is short, that of a temporary directory not always.
        directory = os.open(self.sockets, os.O_PATH)
        try:
            connection.connect(f"/proc/self/fd/{directory}/{name}")
        finally:
            os.close(directory)
        return connection


def rfc3339(when):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(when)) + f".{int(when % 1 * 1000):03d}Z"


class FakeCloud:
    """Serves until close(). `api`: "both", or "v1" for a server without the v2 paths of create and connect."""

    def __init__(self, key=KEY, api="both", port=0, domain=None, certificate=None):
        self.key = key
        self.api = api
        self.missing_path = Answer(404, {"code": 404, "message": "no matching operation was found"})  # of a path that is not there
        self.size = (2, 512)
        self.most = None          # running at once
        self.longest = 3600
        self.clock_offset = 0     # seconds that the Date header is ahead
        self.page = 100
        self.journal = []         # (method, path, headers, body)
        self.faults = {}
        self.persistent = {}
        self.sandboxes = {}
        self.killed = set()
        self.made = []            # ids of all that were created
        self.lock = threading.RLock()
        self.ending = threading.Event()
        # A sandbox dies with the thread that made it, so those threads outlive every request.
        self.makers = concurrent.futures.ThreadPoolExecutor(8)
        self.server = Listener(("127.0.0.1", port), Handler)
        self.server.cloud = self
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.context = context
        self.port = self.server.server_address[1]
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self.domain = domain if domain != "loopback" else f"localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        threading.Thread(target=self.expire, daemon=True).start()

    def environment(self):
        """What a client needs to reach it."""
        return {"E2B_API_KEY": self.key, "E2B_API_URL": self.url, "E2B_SANDBOX_URL": self.url, "E2B_DOMAIN": f"localhost:{self.port}"}

    def fault(self, route, *faults, for_ever=False):
        with self.lock:
            self.faults[route] = list(faults)
            self.persistent[route] = for_ever

    def heal(self):
        with self.lock:
            self.faults.clear()

    def next_fault(self, route):
        with self.lock:
            waiting = self.faults.get(route)
            if not waiting:
                return None
            return waiting[0] if len(waiting) == 1 and self.persistent[route] else waiting.pop(0)

    def calls(self, method, path):
        """Requests so far; `path` is a regular expression for all of it, without the query."""
        return [entry for entry in list(self.journal) if entry[0] == method and re.fullmatch(path, entry[1].split("?")[0])]

    def live(self):
        with self.lock:
            return list(self.sandboxes)

    def end(self, sandbox_id):
        with self.lock:
            sandbox = self.sandboxes.pop(sandbox_id, None)
        if sandbox:
            sandbox.end()
        return sandbox is not None

    def expire(self):
        while not self.ending.wait(0.1):
            with self.lock:
                over = [s for s in self.sandboxes.values() if not s.paused and time.time() >= s.ends]
            for sandbox in over:
                if sandbox.wanted.get("autoPause"):
                    sandbox.paused = True
                else:
                    self.end(sandbox.id)

    def close(self):
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()
        for sandbox_id in self.live():
            self.end(sandbox_id)
        self.makers.shutdown()

    # Control plane

    def route(self, method, path):
        """(name, function, sandbox id) of a control plane path."""
        table = [
            ("POST", r"/sandboxes", "create", self.create_v1),
            ("POST", r"/v2/sandboxes", "create", self.create_v2),
            ("GET", r"/v2/sandboxes", "list", self.list_v2),
            ("GET", r"/sandboxes", "list", self.list_v1),
            ("GET", r"/sandboxes/([a-z0-9]+)", "get", self.get),
            ("DELETE", r"/sandboxes/([a-z0-9]+)", "kill", self.kill),
            ("POST", r"/sandboxes/([a-z0-9]+)/timeout", "timeout", self.set_timeout),
            ("POST", r"/sandboxes/([a-z0-9]+)/connect", "connect", self.connect),
            ("POST", r"/v2/sandboxes/([a-z0-9]+)/connect", "connect", self.connect),
            ("POST", r"/sandboxes/([a-z0-9]+)/pause", "pause", self.pause),
            ("GET", r"/sandboxes/([a-z0-9]+)/metrics", "metrics", self.metrics),
            ("GET", r"/sandboxes/([a-z0-9]+)/logs", "logs", self.logs),
        ]
        for verb, pattern, name, function in table:
            found = re.fullmatch(pattern, path)
            if verb == method and found:
                if path.startswith("/v2/") and method == "POST" and self.api == "v1":
                    return name + "_v2", lambda *_: self.missing_path, ()
                return name, function, found.groups()
        return "nothing", lambda *_: refusal(404, "no matching operation was found"), ()

    def create_v1(self, query, body):
        return self.create(body, 15, body.get("secure", False))

    def create_v2(self, query, body):
        return self.create(body, 300, True)

    def create(self, body, timeout, secure):
        if not isinstance(body.get("templateID"), str):
            return refusal(400, "validation error: templateID is missing")
        wanted = {"timeout": timeout, **body}
        if wanted["templateID"] != "base":
            return refusal(404, f"template '{wanted['templateID']}' not found")
        if wanted["timeout"] <= 0:
            return refusal(400, "Timeout must be greater than 0")
        if wanted["timeout"] > self.longest:
            return refusal(400, f"Timeout cannot be greater than {self.longest // 3600} hours")
        with self.lock:
            if self.most is not None and len(self.sandboxes) >= self.most:
                return refusal(429, f"you have reached the maximum number of concurrent E2B sandboxes ({self.most}). If you need more, please contact us")
        sandbox = self.makers.submit(Sandbox, self, wanted, secure).result()
        with self.lock:
            self.sandboxes[sandbox.id] = sandbox
            self.made.append(sandbox.id)
        return Answer(201, sandbox.access(self))

    def matching(self, query):
        wanted = {}
        if "metadata" in query:
            for pair in urllib.parse.unquote(query["metadata"]).split("&"):
                key, value = pair.split("=")
                wanted[urllib.parse.unquote(key)] = urllib.parse.unquote(value)
        with self.lock:
            found = [s for s in self.sandboxes.values() if wanted.items() <= s.wanted.get("metadata", {}).items()]
        return sorted(found, key=lambda s: s.started, reverse=True)

    def list_v2(self, query, body):
        found = [s for s in self.matching(query) if ("paused" if s.paused else "running") in query.get("state", "running,paused").split(",")]
        start = int(base64.urlsafe_b64decode(query["nextToken"])) if query.get("nextToken") else 0
        limit = min(int(query.get("limit", 100)), self.page)
        headers = {}
        if start + limit < len(found):
            headers["X-Next-Token"] = base64.urlsafe_b64encode(str(start + limit).encode()).decode()
        return Answer(200, [s.listed(self) for s in found[start:start + limit]], headers)

    def list_v1(self, query, body):
        return Answer(200, [s.listed(self) for s in self.matching(query) if not s.paused])

    def known(self, sandbox_id):
        with self.lock:
            sandbox = self.sandboxes.get(sandbox_id)
        if sandbox is None:
            raise Refused(refusal(404, f'Sandbox "{sandbox_id}" doesn\'t exist or you don\'t have access to it'))
        return sandbox

    def get(self, query, body, sandbox_id):
        return Answer(200, self.known(sandbox_id).detail(self))

    def kill(self, query, body, sandbox_id):
        self.known(sandbox_id)
        self.end(sandbox_id)
        return Answer(204)

    def set_timeout(self, query, body, sandbox_id):
        sandbox = self.known(sandbox_id)
        sandbox.ends = min(time.time() + max(0, body["timeout"]), sandbox.started + self.longest)
        return Answer(204)

    def connect(self, query, body, sandbox_id):
        sandbox = self.known(sandbox_id)
        woken, sandbox.paused = sandbox.paused, False
        sandbox.ends = max(sandbox.ends, time.time() + body.get("timeout", 300))
        return Answer(201 if woken else 200, sandbox.access(self))

    def pause(self, query, body, sandbox_id):
        sandbox = self.known(sandbox_id)
        if sandbox.paused:
            return refusal(409, f"Sandbox {sandbox_id} is already paused")
        sandbox.paused = True
        return Answer(204)

    def metrics(self, query, body, sandbox_id):
        self.known(sandbox_id)
        now = time.time()
        return Answer(200, [{"timestamp": rfc3339(now), "timestampUnix": int(now), "cpuCount": self.size[0], "cpuUsedPct": 1.5,
                             "memUsed": 1 << 27, "memTotal": self.size[1] << 20, "memCache": 0, "diskUsed": 1 << 30, "diskTotal": 10 << 30}])

    def logs(self, query, body, sandbox_id):
        self.known(sandbox_id)
        line = json.dumps({"level": "info", "logger": "process", "message": "process started"})
        return Answer(200, {"logs": [{"timestamp": rfc3339(time.time()), "line": line}], "logEntries": []})


class Refused(Exception):
    def __init__(self, answer):
        super().__init__(answer.status)
        self.answer = answer


class Gone(Exception):
    pass


class Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    context = None

    def finish_request(self, request, client_address):
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, *_):
        if not isinstance(sys.exc_info()[1], (OSError, Gone)):
            super().handle_error(*_)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    @property
    def cloud(self):
        return self.server.cloud

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) + self.cloud.clock_offset)

    # Writing

    def head(self, status, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def send(self, answer, cut=None, length=0):
        headers = dict(answer.headers)
        if answer.pieces is not None:
            headers["Transfer-Encoding"] = "chunked"
            self.head(answer.status, headers)
            sent = 0
            for piece in answer.pieces:
                if cut is not None and sent + len(piece) > cut:
                    self.wfile.write(b"%x\r\n%s" % (len(piece), piece[:cut - sent]))
                    self.hang_up()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                sent += len(piece)
            self.wfile.write(b"0\r\n\r\n")
            return
        if answer.status != 204:
            headers["Content-Length"] = str(len(answer.body) + length)
        self.head(answer.status, headers)
        if answer.status != 204:
            self.wfile.write(answer.body if cut is None else answer.body[:cut])
        if cut is not None or length > 0:
            self.hang_up()

    def hang_up(self):
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        raise Gone

    # Reading

    def read_body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            whole = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                whole += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return whole
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def handle_any(self):
        body = self.read_body()
        self.cloud.journal.append((self.command, self.path, dict(self.headers.items()), body))
        named = re.match(r"(\d+)-([a-z0-9]+)\.", self.headers.get("Host", ""))
        sandbox_id = named.group(2) if named else self.headers.get("E2b-Sandbox-Id")
        if sandbox_id:
            port = named.group(1) if named else self.headers.get("E2b-Sandbox-Port")
            name, perform = self.to_sandbox(sandbox_id, int(port or 0), body)
        else:
            name, perform = self.to_api(body)
        fault = self.cloud.next_fault(name) or passed
        try:
            fault(self, perform)
        except Gone:
            pass
        except (OSError, http.client.HTTPException):
            # The client or the sandbox went away in the middle.
            self.close_connection = True

    do_GET = do_POST = do_DELETE = do_PUT = do_HEAD = handle_any

    def to_api(self, body):
        url = urllib.parse.urlsplit(self.path)
        name, function, groups = self.cloud.route(self.command, url.path)

        def perform():
            if self.headers.get("X-API-KEY") != self.cloud.key:
                return refusal(401, "Invalid API key, please visit https://e2b.dev/docs/api-key for more information")
            try:
                return function(dict(urllib.parse.parse_qsl(url.query)), json.loads(body) if body else {}, *groups)
            except Refused as refused:
                return refused.answer
            except json.JSONDecodeError:
                return refusal(400, "validation error: body is not JSON")
        return name, perform

    def to_sandbox(self, sandbox_id, port, body):
        path = self.path.split("?")[0]
        name = path.rsplit("/", 1)[-1] if port == ENVD_PORT else "app"

        def perform():
            with self.cloud.lock:
                sandbox = self.cloud.sandboxes.get(sandbox_id)
            if sandbox is None or sandbox.paused:
                return Answer(502, {"sandboxId": sandbox_id, "message": "The sandbox was not found", "code": 502})
            if port == ENVD_PORT:
                if path == "/init":
                    return refusal(404, "not found")
                if sandbox.token and path != "/health" and self.headers.get("X-Access-Token") != sandbox.token:
                    return refusal(401, "unauthorized access, please provide a valid access token or method signing if supported")
                return self.forward(sandbox.connect("envd.sock"), body)
            connection = sandbox.connect("dial.sock")
            connection.sendall(b"%d\n" % port)
            if connection.recv(3) != b"ok\n":
                connection.close()
                return Answer(502, {"sandboxId": sandbox_id, "message": "The sandbox is running but port is not open", "port": port, "code": 502})
            return self.forward(connection, body)
        return name, perform

    def forward(self, connection, body):
        upstream = http.client.HTTPConnection("sandbox")
        upstream.sock = connection
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "transfer-encoding", "content-length")}
        upstream.request(self.command, self.path, body=body if self.command != "GET" else None, headers={**headers, "Connection": "close"})
        response = upstream.getresponse()
        headers = {k: v for k, v in response.getheaders() if k.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server")}
        if response.chunked:
            def pieces():
                while piece := response.read1(65536):
                    yield piece
                connection.close()
            return Answer(response.status, b"", headers, pieces())
        body = response.read()
        connection.close()
        return Answer(response.status, body, headers)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--key", default=KEY)
    parser.add_argument("--api", choices=["both", "v1"], default="both")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    cloud = FakeCloud(options.key, options.api, options.port, domain="loopback")
    print(cloud.url, flush=True)
    try:
        while sys.stdin.buffer.read(4096):
            pass
    except KeyboardInterrupt:
        pass
    cloud.close()


if __name__ == "__main__":
    main()
