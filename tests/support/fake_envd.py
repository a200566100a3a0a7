"""The daemon inside a sandbox of the fake cloud: files, and processes by the Connect protocol, over Unix sockets.

    fake_envd.py DIRECTORY

DIRECTORY/envd.sock speaks HTTP as envd does. DIRECTORY/dial.sock takes a line with a port, answers "ok" or "no", and is then a
connection to that port. Authentication is done outside, in the fake cloud.
"""
import base64
import ctypes
import email.parser
import email.policy
import fcntl
import grp
import json
import os
import pwd
import queue
import shutil
import signal
import socket
import socketserver
import stat
import struct
import subprocess
import sys
import termios
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler

HOME = "/home/user"


class Watch:
    """What happens in a directory, by inotify. Directories that come later are not watched in turn."""
    KINDS = {0x2: "EVENT_TYPE_WRITE", 0x4: "EVENT_TYPE_CHMOD", 0x40: "EVENT_TYPE_RENAME", 0x80: "EVENT_TYPE_CREATE",
             0x100: "EVENT_TYPE_CREATE", 0x200: "EVENT_TYPE_REMOVE"}

    def __init__(self, top, recursive):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_CLOEXEC)
        self.prefixes = {}
        for directory, _, _ in os.walk(top) if recursive else [(top, [], [])]:
            watched = libc.inotify_add_watch(self.fd, directory.encode(), sum(self.KINDS))
            self.prefixes[watched] = os.path.relpath(directory, top)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def changes(self):
        while True:
            data = os.read(self.fd, 65536)
            while data:
                watched, mask, _, size = struct.unpack_from("iIII", data)
                name = data[16:16 + size].rstrip(b"\0").decode(errors="replace")
                data = data[16 + size:]
                for bit, kind in self.KINDS.items():
                    if mask & bit and name:
                        yield os.path.normpath(os.path.join(self.prefixes[watched], name)), kind


class RpcError(Exception):
    STATUS = {"invalid_argument": 400, "not_found": 404, "already_exists": 409, "unimplemented": 501, "internal": 500}

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code
        self.body = {"code": code, "message": message}


def resolve(path):
    if path in ("", "~"):
        return HOME
    if path.startswith("~/"):
        return os.path.join(HOME, path[2:])
    return os.path.normpath(os.path.join(HOME, path))


def entry(path):
    link = os.lstat(path)
    target = os.stat(path) if os.path.exists(path) else link
    kind = "FILE_TYPE_DIRECTORY" if stat.S_ISDIR(target.st_mode) else "FILE_TYPE_FILE" if stat.S_ISREG(target.st_mode) else "FILE_TYPE_UNSPECIFIED"
    found = {"name": os.path.basename(path), "type": kind, "path": path, "mode": stat.S_IMODE(target.st_mode),
             "permissions": stat.filemode(link.st_mode), "owner": name_of(pwd.getpwuid, link.st_uid),
             "group": name_of(grp.getgrgid, link.st_gid),
             "modifiedTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(link.st_mtime))}
    if link.st_size:
        found["size"] = str(link.st_size)
    if stat.S_ISLNK(link.st_mode):
        found["symlinkTarget"] = os.path.realpath(path)
    return found


def name_of(look_up, number):
    try:
        return look_up(number)[0]
    except KeyError:
        return str(number)


def walk(directory, depth):
    found = []
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        found.append(entry(path))
        if depth > 1 and os.path.isdir(path) and not os.path.islink(path):
            found += walk(path, depth - 1)
    return found


class Running:
    """A process that was started; it goes on whoever listens."""

    def __init__(self, request):
        config = request["process"]
        cwd = resolve(config.get("cwd", ""))
        if not os.path.isdir(cwd):
            raise RpcError("invalid_argument", f"cwd '{cwd}' does not exist")
        self.config = config
        self.tag = request.get("tag")
        self.lock = threading.Lock()
        self.listeners = []
        self.last = None
        environment = {**os.environ, "HOME": HOME, "USER": "user", "LOGNAME": "user", **config.get("envs", {})}
        command = [config["cmd"], *config.get("args", [])]
        self.terminal = None
        if "pty" in request:
            self.terminal, inside = os.openpty()
            self.resize(request["pty"])
            # A session of its own, whose terminal becomes the first one that it opens.
            self.process = subprocess.Popen(command, cwd=cwd, env=environment, stdin=inside, stdout=inside, stderr=inside, start_new_session=True,
                                            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
            os.close(inside)
            self.readers = [threading.Thread(target=self.pump, args=("pty", self.terminal), daemon=True)]
            return
        self.process = subprocess.Popen(
            command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL if request.get("stdin") is False else subprocess.PIPE, start_new_session=True)
        self.readers = [threading.Thread(target=self.pump, args=(name, getattr(self.process, name).fileno()), daemon=True)
                        for name in ("stdout", "stderr")]

    def resize(self, pty):
        size = pty.get("size", {})
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.get("rows", 0), size.get("cols", 0), 0, 0))

    def begin(self):
        for reader in self.readers:
            reader.start()
        threading.Thread(target=self.finish, daemon=True).start()

    def pump(self, name, descriptor):
        try:
            while piece := os.read(descriptor, 32768):
                self.tell({"event": {"data": {name: base64.b64encode(piece).decode()}}})
        except OSError:
            pass  # how a terminal says that nobody has it open any more

    def finish(self):
        code = self.process.wait()
        for reader in self.readers:
            reader.join()
        if code >= 0:
            end = {"exited": True, "status": f"exit status {code}"}
            if code:
                end |= {"exitCode": code, "error": f"exit status {code}"}
        else:
            word = {9: "killed", 15: "terminated"}.get(-code, str(-code))
            end = {"exitCode": -1, "status": f"signal: {word}", "error": f"signal: {word}"}
        self.tell({"event": {"end": end}})

    def tell(self, event):
        with self.lock:
            if "end" in event["event"]:
                self.last = event
            for listener in self.listeners:
                listener.put(event)

    def listen(self):
        listener = queue.Queue()
        listener.put({"event": {"start": {"pid": self.process.pid}}})
        with self.lock:
            if self.last:
                listener.put(self.last)
            self.listeners.append(listener)
        return listener

    def forget(self, listener):
        with self.lock:
            self.listeners.remove(listener)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def address_string(self):
        return "local"

    def body(self):
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            whole = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                whole += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return whole
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def answer(self, status, body=b"", kind="application/json"):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if status != 204:
            self.wfile.write(body)

    def fail(self, status, message):
        self.answer(status, {"code": status, "message": message})

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/health":
            return self.answer(204)
        if url.path == "/files":
            path = resolve(self.query().get("path", ""))
            if os.path.isdir(path):
                return self.fail(400, f"path '{path}' is a directory")
            if not os.path.exists(path):
                return self.fail(404, f"path '{path}' does not exist")
            with open(path, "rb") as file:
                return self.answer(200, file.read(), "application/octet-stream")
        self.fail(404, "no such route")

    def query(self):
        return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query, keep_blank_values=True))

    def do_POST(self):
        route = urllib.parse.urlsplit(self.path).path
        body = self.body()
        if route == "/files":
            return self.upload(body)
        method = getattr(self, "rpc_" + route.rsplit("/", 1)[-1], None)
        streaming = self.headers.get("Content-Type", "").startswith("application/connect+json")
        try:
            if method is None:
                raise RpcError("unimplemented", route)
            if streaming:
                return method(json.loads(body[5:]))
            self.answer(200, method(json.loads(body or b"{}")))
        except RpcError as error:
            if streaming:
                self.begin_stream()
                return self.end_stream({"error": error.body})
            self.answer(RpcError.STATUS[error.code], error.body)

    def upload(self, body):
        named = self.query().get("path")
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("application/octet-stream"):
            files = [(named, body)]
        else:
            message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
            files = [(named or part.get_filename(), part.get_payload(decode=True)) for part in message.iter_parts()
                     if part.get_param("name", header="content-disposition") == "file"]
        written = []
        for path, content in files:
            path = resolve(path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
            written.append({"name": os.path.basename(path), "path": path, "type": "file"})
        self.answer(200, written)

    # Streams

    def begin_stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/connect+json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def frame(self, message, flags=0):
        payload = json.dumps(message).encode()
        piece = struct.pack(">BI", flags, len(payload)) + payload
        self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))

    def end_stream(self, message):
        self.frame(message, 2)
        self.wfile.write(b"0\r\n\r\n")

    def follow(self, running, listener, begin=lambda: None):
        limit = int(self.headers.get("Connect-Timeout-Ms", 0)) / 1000
        end = time.monotonic() + limit
        ping = float(self.headers.get("Keepalive-Ping-Interval", 90))
        self.begin_stream()
        begin()
        try:
            while True:
                try:
                    event = listener.get(timeout=max(0.001, min(ping, end - time.monotonic())) if limit else ping)
                except queue.Empty:
                    if limit and time.monotonic() >= end:
                        running.process.kill()
                        return self.end_stream({"error": {"code": "deadline_exceeded", "message": "context deadline exceeded"}})
                    event = {"event": {"keepalive": {}}}
                self.frame(event)
                if "end" in event["event"]:
                    return self.end_stream({})
        finally:
            running.forget(listener)

    def rpc_Start(self, request):
        running = Running(request)
        listener = running.listen()
        self.server.processes[running.process.pid] = running
        self.follow(running, listener, running.begin)

    def rpc_Connect(self, request):
        running = self.find(request)
        self.follow(running, running.listen())

    def rpc_WatchDir(self, request):
        top = resolve(request.get("path", ""))
        if not os.path.lexists(top):
            raise RpcError("not_found", f"path {top} not found")
        if not os.path.isdir(top):
            raise RpcError("invalid_argument", f"path {top} is not a directory")
        with Watch(top, request.get("recursive", False)) as watch:
            self.begin_stream()
            self.frame({"start": {}})
            for name, kind in watch.changes():
                self.frame({"filesystem": {"name": name, "type": kind}})

    # Unary calls

    def find(self, request, alive=False):
        wanted = request["process"]
        for pid, running in self.server.processes.items():
            if (wanted.get("pid") == pid or "tag" in wanted and wanted["tag"] == running.tag) and not (alive and running.last):
                return running
        raise RpcError("not_found", f"process with pid {wanted.get('pid')} not found")

    def rpc_List(self, _):
        return {"processes": [{"config": r.config, "pid": pid, **({"tag": r.tag} if r.tag else {})}
                              for pid, r in self.server.processes.items() if not r.last]}

    def rpc_SendInput(self, request):
        running = self.find(request, alive=True)
        if running.terminal is not None and "pty" in request["input"]:
            os.write(running.terminal, base64.b64decode(request["input"]["pty"]))
            return {}
        if running.process.stdin is None or running.process.stdin.closed or "stdin" not in request["input"]:
            raise RpcError("internal", "stdin not enabled or closed")
        running.process.stdin.write(base64.b64decode(request["input"]["stdin"]))
        running.process.stdin.flush()
        return {}

    def rpc_CloseStdin(self, request):
        running = self.find(request, alive=True)
        if running.process.stdin:
            running.process.stdin.close()
        return {}

    def rpc_Update(self, request):
        running = self.find(request, alive=True)
        if running.terminal is None:
            raise RpcError("internal", "the process has no terminal")
        running.resize(request["pty"])
        return {}

    def rpc_SendSignal(self, request):
        number = {"SIGNAL_SIGKILL": signal.SIGKILL, "SIGNAL_SIGTERM": signal.SIGTERM}.get(request.get("signal"))
        if number is None:
            raise RpcError("unimplemented", "signal")
        self.find(request, alive=True).process.send_signal(number)
        return {}

    def rpc_Stat(self, request):
        path = resolve(request.get("path", ""))
        if not os.path.lexists(path):
            raise RpcError("not_found", f"file not found: {path}")
        return {"entry": entry(path)}

    def rpc_MakeDir(self, request):
        path = resolve(request.get("path", ""))
        if os.path.isdir(path):
            raise RpcError("already_exists", f"directory already exists: {path}")
        os.makedirs(path)
        return {"entry": entry(path)}

    def rpc_Move(self, request):
        source, destination = resolve(request["source"]), resolve(request["destination"])
        if not os.path.lexists(source):
            raise RpcError("not_found", f"source file not found: {source}")
        os.makedirs(os.path.dirname(destination), exist_ok=True)
        os.rename(source, destination)
        return {"entry": entry(destination)}

    def rpc_ListDir(self, request):
        path = resolve(request.get("path", ""))
        if not os.path.exists(path):
            raise RpcError("not_found", f"directory not found: {path}")
        if not os.path.isdir(path):
            raise RpcError("invalid_argument", f"path is not a directory: {path}")
        return {"entries": walk(path, max(1, request.get("depth", 1)))}

    def rpc_Remove(self, request):
        path = resolve(request.get("path", ""))
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif os.path.lexists(path):
            os.remove(path)
        return {}


class Dialer(socketserver.StreamRequestHandler):
    def handle(self):
        port = int(self.rfile.readline())
        try:
            app = socket.create_connection(("127.0.0.1", port), timeout=10)
        except OSError:
            self.wfile.write(b"no\n")
            return
        app.settimeout(None)
        self.wfile.write(b"ok\n")
        back = threading.Thread(target=pour, args=(app, self.connection), daemon=True)
        back.start()
        while piece := self.rfile.read1(65536):
            app.sendall(piece)
        back.join()
        app.close()


def pour(source, sink):
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        if not isinstance(sys.exc_info()[1], (BrokenPipeError, ConnectionResetError)):
            super().handle_error(*_)


def main():
    directory = sys.argv[1]
    envd = Server(os.path.join(directory, "envd.sock"), Handler)
    envd.processes = {}
    dial = Server(os.path.join(directory, "dial.sock"), Dialer)
    threading.Thread(target=dial.serve_forever, daemon=True).start()
    print("ready", flush=True)
    envd.serve_forever()


if __name__ == "__main__":
    main()
