"""An HTTP proxy for tests that leads every CONNECT, whatever the host, to one port of this machine; and certificates for it."""
import base64
import os
import select
import socket
import socketserver
import subprocess
import threading


class ConnectProxy:
    def __init__(self, target_port, credentials=None):
        self.target_port = target_port
        self.credentials = credentials and "Basic " + base64.b64encode(credentials.encode()).decode()
        self.hosts = []
        self.server = Server(("127.0.0.1", 0), Tunnel)
        self.server.proxy = self
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


class Tunnel(socketserver.StreamRequestHandler):
    def handle(self):
        proxy = self.server.proxy
        method, target, _ = self.rfile.readline().decode().split()
        headers = {}
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        proxy.hosts.append(target)
        if method != "CONNECT":
            self.wfile.write(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
            return
        if proxy.credentials and headers.get("proxy-authorization") != proxy.credentials:
            self.wfile.write(b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n')
            return
        with socket.create_connection(("127.0.0.1", proxy.target_port)) as there:
            self.wfile.write(b"HTTP/1.1 200 Connection Established\r\n\r\n")
            pair = {self.connection: there, there: self.connection}
            while True:
                for ready in select.select(list(pair), [], [])[0]:
                    try:
                        piece = ready.recv(65536)
                        if not piece:
                            return
                        pair[ready].sendall(piece)
                    except OSError:
                        return


def make_certificates(directory, *names, days=30, ca=None):
    """(CA file, (certificate, key)) of a private authority; `ca` reuses one. Needs the openssl program."""
    def openssl(*words):
        subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=directory)
    if ca is None:
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
                "-days", "30", "-subj", "/CN=A private authority")
    stem = names[0].replace("*", "any")
    with open(os.path.join(directory, stem + ".ext"), "w") as file:
        file.write("subjectAltName=" + ",".join("DNS:" + name for name in names))
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", stem + ".key", "-out", stem + ".csr",
            "-subj", "/CN=" + names[0])
    openssl("x509", "-req", "-in", stem + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", stem + ".pem",
            "-days", str(days), "-extfile", stem + ".ext")
    return os.path.join(directory, "ca.pem"), (os.path.join(directory, stem + ".pem"), os.path.join(directory, stem + ".key"))
