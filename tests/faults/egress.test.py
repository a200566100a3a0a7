"""What a sandbox can reach: the internet and the registry when it may, and never this machine or what is private around it.

The test plays the machine in a network namespace of its own: the engine runs there, and a second namespace behind a virtual cable
is the outside, with public, private and metadata addresses that all answer.
"""
import base64
import http.client
import json
import os
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.environ.get("SPAWNAI_SOURCE", "."), "tests", "support"))
import spawnai  # noqa: E402

PUBLIC = "9.9.9.9"
PUBLIC_DENIED = ["10.7.0.2", "192.168.7.2", "172.20.0.2", "100.64.0.2", "169.254.169.254", "198.18.0.2", "203.0.113.7"]
REGISTRY = "10.7.0.9"
HOST_PUBLIC = "1.2.3.4"
HOST_PRIVATE = "10.7.0.1"
NAMES = {"public.example": PUBLIC, "private.example": "10.7.0.2", "rebind.example": "127.0.0.1", "host.example": HOST_PUBLIC,
         "registry.npmjs.org": REGISTRY}


def run(*words):
    subprocess.run(words, check=True)


class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(4096)
        who = self.server.who.encode()
        self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(who), who))


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def serve(who, *ports):
    for port in ports:
        server = Server(("0.0.0.0", port), Answer)
        server.who = who
        threading.Thread(target=server.serve_forever, daemon=True).start()


def dns_answer(query):
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    kind = struct.unpack("!H", query[at + 1:at + 3])[0]
    question = query[12:at + 5]
    address = NAMES.get(".".join(labels))
    found = address is not None and kind == 1
    head = query[:2] + struct.pack("!HHHHH", 0x8180 if address else 0x8183, 1, 1 if found else 0, 0, 0)
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(address) if found else b""
    return head + question + record


def serve_dns():
    class Datagram(socketserver.BaseRequestHandler):
        def handle(self):
            self.request[1].sendto(dns_answer(self.request[0]), self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self):
            size = struct.unpack("!H", self.rfile.read(2))[0]
            reply = dns_answer(self.rfile.read(size))
            self.wfile.write(struct.pack("!H", len(reply)) + reply)

    for server in (socketserver.ThreadingUDPServer(("127.0.0.1", 53), Datagram), Server(("127.0.0.1", 53), Stream)):
        threading.Thread(target=server.serve_forever, daemon=True).start()


def play_outside():
    """Body of the process that is the outside; it lives until its stdin ends."""
    run("ip", "link", "set", "lo", "up")
    print("ready", flush=True)
    sys.stdin.readline()
    for address in [PUBLIC, REGISTRY, *PUBLIC_DENIED]:
        run("ip", "address", "add", address + "/32", "dev", "cable1")
    run("ip", "link", "set", "cable1", "up")
    run("ip", "route", "add", "default", "dev", "cable1")
    serve("outside", 80, 443)
    print("serving", flush=True)
    sys.stdin.readline()


class Sandbox:
    def __init__(self, engine, internet):
        self.engine = engine
        answer = engine.call("POST", "/v2/sandboxes",
                             {"templateID": "base", "timeout": 300, "allow_internet_access": internet})
        self.id, self.token = answer["sandboxID"], answer["envdAccessToken"]

    def run(self, shell):
        message = json.dumps({"process": {"cmd": "/bin/bash", "args": ["-l", "-c", shell]}, "stdin": False}).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.engine.port, timeout=60)
        connection.request("POST", "/process.Process/Start", struct.pack("!BI", 0, len(message)) + message,
                           {"E2b-Sandbox-Id": self.id, "E2b-Sandbox-Port": "49983", "X-Access-Token": self.token,
                            "Content-Type": "application/connect+json", "Connect-Protocol-Version": "1"})
        data, output = connection.getresponse().read(), b""
        while data:
            size = struct.unpack("!I", data[1:5])[0]
            event = json.loads(data[5:5 + size]).get("event", {})
            output += b"".join(base64.b64decode(text) for text in event.get("data", {}).values())
            data = data[5 + size:]
        return output.decode()

    def reach(self, host, port=80):
        """What a connection from inside gives: the name of who answered, or the error."""
        return self.run("python3 - <<'END'\nimport socket\ntry:\n"
                        f"    s = socket.create_connection(({host!r}, {port}), 8)\n"
                        "    s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')\n"
                        "    print(s.recv(4096).split(b'\\r\\n\\r\\n')[-1].decode() or 'closed')\n"
                        "except OSError as error:\n    print(type(error).__name__)\nEND").strip()


class Engine:
    def __init__(self, home):
        variables = home.json("engine", "env", "--json")
        self.key = variables["E2B_API_KEY"]
        self.port = int(variables["E2B_API_URL"].rsplit(":", 1)[1])

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path, None if body is None else json.dumps(body),
                           {"X-API-Key": self.key, "Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read()
        assert response.status < 300, (response.status, text)
        return json.loads(text) if text else None


def expect(what, got, wanted):
    good = got in wanted if isinstance(wanted, (set, tuple)) else got == wanted
    print("ok  " if good else "FAIL", what, "->", got)
    return 0 if good else 1


def play_machine():
    outside = subprocess.Popen(["unshare", "-n", sys.executable, __file__, "outside"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    assert outside.stdout.readline() == "ready\n"
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "cable0", "type", "veth", "peer", "name", "cable1", "netns", str(outside.pid))
    for address in (HOST_PUBLIC, HOST_PRIVATE):
        run("ip", "address", "add", address + "/32", "dev", "cable0")
    run("ip", "link", "set", "cable0", "up")
    run("ip", "route", "add", "default", "dev", "cable0", "src", HOST_PUBLIC)
    outside.stdin.write("\n")
    outside.stdin.flush()
    assert outside.stdout.readline() == "serving\n"
    serve("host", 80, 443)
    serve_dns()
    resolv = tempfile.NamedTemporaryFile("w", suffix=".conf")
    resolv.write("nameserver 127.0.0.1\n")
    resolv.flush()
    os.chmod(resolv.name, 0o644)
    run("mount", "--bind", resolv.name, os.path.realpath("/etc/resolv.conf"))

    bad = 0
    # The stage itself works: the machine reaches all of it.
    for address in [PUBLIC, REGISTRY, *PUBLIC_DENIED]:
        with socket.create_connection((address, 80), 5) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            bad += expect(f"machine to {address}", connection.recv(4096).split(b"\r\n\r\n")[-1], b"outside")

    home = spawnai.Home()
    try:
        engine = Engine(home)
        offline, online = Sandbox(engine, False), Sandbox(engine, True)
        for round_name in ("new", "adopted"):
            for address in (PUBLIC, "10.7.0.2", HOST_PUBLIC, "127.0.0.1"):
                bad += expect(f"{round_name}: offline to {address}", offline.reach(address), ("OSError", "ConnectionRefusedError"))
            bad += expect(f"{round_name}: offline resolves nothing", offline.reach("public.example"), "gaierror")
            for port in (80, 443):
                bad += expect(f"{round_name}: online to the internet, port {port}", online.reach(PUBLIC, port), "outside")
            bad += expect(f"{round_name}: online by name", online.reach("public.example"), "outside")
            bad += expect(f"{round_name}: other ports are closed", online.reach(PUBLIC, 8080), "ConnectionRefusedError")
            bad += expect(f"{round_name}: no such name", online.reach("nothing.example"), "gaierror")
            if round_name == "new":
                # Not even the registry's address, before its name was looked up.
                bad += expect("new: registry's address alone", online.reach(REGISTRY), "ConnectionResetError")
            bad += expect(f"{round_name}: registry by name", online.reach("registry.npmjs.org", 443), "outside")
            bad += expect(f"{round_name}: private by name", online.reach("private.example"), "ConnectionResetError")
            bad += expect(f"{round_name}: machine by name", online.reach("host.example"), "ConnectionResetError")
            bad += expect(f"{round_name}: rebound name", online.reach("rebind.example"), ("ConnectionRefusedError", "ConnectionResetError"))
            for address in [*PUBLIC_DENIED, HOST_PUBLIC, HOST_PRIVATE, "127.0.0.1", "127.9.9.9", "0.0.0.0", "224.0.0.1"]:
                bad += expect(f"{round_name}: online to {address}", online.reach(address),
                              ("ConnectionResetError", "ConnectionRefusedError", "OSError"))
            bad += expect(f"{round_name}: engine's own port", online.reach("127.0.0.1", engine.port), "ConnectionRefusedError")
            bad += expect(f"{round_name}: look-ups over TCP",
                          online.run("python3 - <<'END'\nimport socket, struct\n"
                                     "q = b'\\x12\\x34\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\6public\\7example\\0\\0\\1\\0\\1'\n"
                                     "s = socket.create_connection(('127.0.0.53', 53), 5)\n"
                                     "s.sendall(struct.pack('!H', len(q)) + q)\n"
                                     "print(socket.inet_ntoa(s.recv(512)[-4:]))\nEND").strip(), PUBLIC)
            if round_name == "new":
                os.kill(home.engine_pid(), signal.SIGKILL)
                time.sleep(0.3)
                engine = Engine(home)
                offline.engine = online.engine = engine
        log = open(os.path.join(home.path, "engine", "engine.log")).read()
        bad += expect("denials are in the log", '"egress_denied"' in log and "169.254.169.254" in log, True)
    finally:
        home.close()
        outside.stdin.close()
        outside.wait(10)
    sys.exit(1 if bad else 0)


def main():
    if sys.argv[1:] == ["outside"]:
        return play_outside()
    if sys.argv[1:] == ["machine"]:
        return play_machine()
    for tool in ("ip", "unshare", "mount"):
        if not shutil.which(tool):
            spawnai.skip(tool + " is missing")
    if os.geteuid() != 0:
        spawnai.skip("only root can make the network namespaces of this test")
    spawnai.require_sandbox()
    probe = subprocess.run(["unshare", "-n", "ip", "link", "add", "cable0", "type", "veth", "peer", "name", "cable1"], capture_output=True)
    if probe.returncode != 0:
        spawnai.skip("this machine makes no virtual cables: " + probe.stderr.decode().strip())
    os.execvp("unshare", ["unshare", "-n", "-m", "--propagation", "private", sys.executable, __file__, "machine"])


main()
