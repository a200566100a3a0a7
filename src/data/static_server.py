"""Serves the files of a page: python3 static_server.py PORT POINTER

POINTER is a file of two lines, the directory to serve and the page for "/". Until it exists every request is answered
with 503, so the port is open before the page is complete; replacing it by a rename switches to another version at once.
Standard output gets one line per request. Only the modules that are needed are loaded, because the start is waited for.
"""
import os
import socket
import sys
import threading

TYPES = {
    ".html": "text/html; charset=utf-8", ".htm": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8", ".json": "application/json",
    ".map": "application/json", ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
    ".md": "text/markdown; charset=utf-8", ".csv": "text/csv; charset=utf-8", ".xml": "application/xml",
    ".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif",
    ".webp": "image/webp", ".avif": "image/avif", ".ico": "image/x-icon", ".bmp": "image/bmp", ".wasm": "application/wasm",
    ".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".otf": "font/otf", ".mp3": "audio/mpeg",
    ".wav": "audio/wav", ".ogg": "audio/ogg", ".mp4": "video/mp4", ".webm": "video/webm", ".pdf": "application/pdf",
    ".zip": "application/zip", ".gz": "application/gzip",
}
REASONS = {200: "OK", 301: "Moved Permanently", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed", 431: "Request Header Fields Too Large",
           503: "Service Unavailable"}
HEAD_LIMIT = 32 * 1024
IDLE_SECONDS = 30
PIECE = 256 * 1024

port, pointer = int(sys.argv[1]), sys.argv[2]
slots = threading.BoundedSemaphore(256)


def unquote(text):
    """Undoes percent-encoding; None when the result is no UTF-8 text."""
    out = bytearray()
    raw = text.encode("latin-1")
    i = 0
    while i < len(raw):
        if raw[i] == 0x25:
            try:
                out.append(int(raw[i + 1:i + 3].decode("ascii"), 16))
            except ValueError:
                return None
            i += 3
        else:
            out.append(raw[i])
            i += 1
    try:
        return out.decode("utf-8")
    except UnicodeDecodeError:
        return None


def served():
    """The directory and page to serve, or None before there is one."""
    try:
        with open(pointer, encoding="utf-8") as lines:
            root, entry = lines.read().split("\n")[:2]
        return os.path.realpath(root), entry
    except (OSError, ValueError):
        return None


def locate(target, root, entry):
    """The file that a request target means, or None. Nothing hidden and nothing outside the directory is served."""
    path = unquote(target.split("?", 1)[0].split("#", 1)[0])
    if path is None or not path.startswith("/") or "\0" in path:
        return None
    parts = [part for part in path.split("/") if part]
    if any(part.startswith(".") or part == "node_modules" for part in parts):
        return None
    if not parts:
        parts = entry.split("/")
    full = os.path.realpath(os.path.join(root, *parts))
    if full != root and not full.startswith(root + os.sep):
        return None
    if os.path.isdir(full):
        if os.path.isfile(os.path.join(full, "index.html")) and not path.endswith("/"):
            return full
        full = os.path.join(full, "index.html")
    return full if os.path.isfile(full) else None


def read_head(connection, rest):
    """One request head and the bytes after it; None at the end, or a status that refuses it."""
    while b"\r\n\r\n" not in rest:
        if len(rest) > HEAD_LIMIT:
            return 431, b""
        piece = connection.recv(65536)
        if not piece:
            return None
        rest += piece
    head, rest = rest.split(b"\r\n\r\n", 1)
    return head.decode("latin-1"), rest


def answer(connection, method, status, kind, length, extra=""):
    connection.sendall((
        "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nCache-Control: no-cache\r\n"
        "X-Content-Type-Options: nosniff\r\n%s\r\n" % (status, REASONS[status], kind, length, extra)).encode("latin-1"))


def answer_text(connection, method, status, text, extra=""):
    body = (text + "\n").encode()
    answer(connection, method, status, "text/plain; charset=utf-8", len(body), extra)
    if method != "HEAD":
        connection.sendall(body)
    return status


def answer_request(connection, method, target, extra):
    if method not in ("GET", "HEAD"):
        return answer_text(connection, method, 405, "only GET and HEAD are answered here", extra + "Allow: GET, HEAD\r\n")
    now = served()
    if now is None:
        return answer_text(connection, method, 503, "the page is still being made", extra + "Retry-After: 1\r\n")
    name = locate(target, *now)
    if name and os.path.isdir(name):  # links in its page are relative to the directory
        path, mark, query = target.partition("?")
        return answer_text(connection, method, 301, "it is a directory", extra + "Location: %s/%s%s\r\n" % (path, mark, query))
    try:
        page = open(name, "rb") if name else None
    except OSError:
        page = None
    if page is None:
        return answer_text(connection, method, 404, "there is no such file", extra)
    with page:
        left = os.fstat(page.fileno()).st_size
        kind = TYPES.get(os.path.splitext(name)[1].lower(), "application/octet-stream")
        answer(connection, method, 200, kind, left, extra)
        while left > 0 and method != "HEAD":
            piece = page.read(min(left, PIECE))
            if not piece:
                raise ConnectionError("the file became shorter")
            connection.sendall(piece)
            left -= len(piece)
    return 200


def serve(connection):
    try:
        connection.settimeout(IDLE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        rest = b""
        while True:
            got = read_head(connection, rest)
            if got is None:
                return
            head, rest = got
            if isinstance(head, int):
                answer_text(connection, "GET", head, "the request head is too long", "Connection: close\r\n")
                return
            lines = head.split("\r\n")
            words = lines[0].split(" ")
            if len(words) != 3 or not words[2].startswith("HTTP/1."):
                answer_text(connection, "GET", 400, "this is no HTTP/1 request", "Connection: close\r\n")
                return
            fields = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                fields[name.strip().lower()] = value.strip()
            # A body has no meaning here; not reading it is safe only when the connection ends.
            body = fields.get("content-length", "0") != "0" or "transfer-encoding" in fields
            last = body or words[2] == "HTTP/1.0" or "close" in fields.get("connection", "").lower()
            target = words[1]
            if "://" in target[:8]:
                target = "/" + target.split("://", 1)[1].partition("/")[2]
            status = answer_request(connection, words[0], target, "Connection: close\r\n" if last else "")
            print("%s %s %d" % (words[0], ascii(target)[1:-1], status), flush=True)
            if last:
                return
    except OSError:
        pass  # the visitor went away
    finally:
        connection.close()
        slots.release()


def main():
    threading.stack_size(256 * 1024)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", port))
    listener.listen(256)
    while True:
        slots.acquire()
        try:
            connection, _ = listener.accept()
        except OSError:
            slots.release()
            continue
        try:
            threading.Thread(target=serve, args=(connection,), daemon=True).start()
        except RuntimeError:  # no thread to be had just now
            connection.close()
            slots.release()


main()
