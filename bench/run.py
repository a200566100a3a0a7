#!/usr/bin/env python3
"""Speed, as ratios against a baseline measured in the same run: absolute times of a shared machine mean little.

    bench/run.py [--binary PATH] [--only NAME]

Prints a Markdown table. Each figure is the median of alternating runs: baseline, ours, baseline, ours ...
"""
import argparse
import os
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "support"))

ROWS = []


def row(what, ours, baseline_name, baseline, unit="ms"):
    ROWS.append((what, ours, baseline_name, baseline, unit))
    ratio = ours / baseline if baseline else float("inf")
    print(f"{what}: {ours:.2f} {unit}, {baseline_name}: {baseline:.2f} {unit}, ratio {ratio:.2f}", file=sys.stderr)


def milliseconds(action):
    start = time.perf_counter()
    action()
    return (time.perf_counter() - start) * 1000


def paired(ours, baseline, rounds):
    """Medians of two actions that take turns, so that the machine's drift hits both."""
    a, b = [], []
    for _ in range(rounds):
        b.append(milliseconds(baseline))
        a.append(milliseconds(ours))
    return statistics.median(a), statistics.median(b)


def quiet(*arguments, env=None):
    subprocess.run(arguments, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   check=True)


def fill_store(home, count):
    """Copies the newest row until the store has `count` sessions: real rows, without `count` spawns."""
    import sqlite3
    import uuid
    connection = sqlite3.connect(os.path.join(home.path, "spawnai.db"))
    columns = [c[1] for c in connection.execute("pragma table_info(sessions)")]
    rest = [c for c in columns if c not in ("id", "seq", "name")]
    have = connection.execute("select count(*) from sessions").fetchone()[0]
    (source,) = connection.execute("select id from sessions order by created_at desc limit 1").fetchone()
    names = ",".join(["id", "name"] + rest)
    connection.executemany(f"insert into sessions ({names}) select ?, ?, {','.join(rest)} from sessions where id = ?",
                           ((str(uuid.uuid4()), f"copy-{i}", source) for i in range(count - have)))
    connection.commit()
    connection.close()


def bench_start(home):
    ours, base = paired(lambda: quiet(home.binary, "--version", env=home.environment), lambda: quiet("/bin/true"), 30)
    row("spawnai --version", ours, "/bin/true", base)
    home.spawn("todo app")
    home.run("kill", "@last", check=True)
    for count in (10, 1000, 100000):
        fill_store(home, count)
        ours, base = paired(lambda: quiet(home.binary, "ls", env=home.environment), lambda: quiet("/bin/true"), 15)
        row(f"spawnai ls, {count} sessions", ours, "/bin/true", base)
        ours, base = paired(lambda: quiet(home.binary, "show", "@last", env=home.environment), lambda: quiet("/bin/true"), 15)
        row(f"spawnai show, {count} sessions", ours, "/bin/true", base)


def bench_spawn(home):
    """A whole offline spawn on a warm engine against the shortest thing that serves a page: a static server, started and asked."""
    from spawnai import fetch
    home.spawn("todo app")
    served = os.path.join(home.path, "served")
    os.makedirs(served, exist_ok=True)
    with open(os.path.join(served, "index.html"), "w") as page:
        page.write("<!doctype html><title>x</title>")

    def plain_server():
        server = subprocess.Popen([sys.executable, "-m", "http.server", "18431", "--bind", "127.0.0.1", "-d", served],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while fetch("http://127.0.0.1:18431")[0] != 200:
                time.sleep(0.002)
        finally:
            server.kill()
            server.wait()

    def ours():
        home.spawn("todo app")
        home.run("kill", "@last", check=True)

    mine, base = paired(ours, plain_server, 7)
    row("spawn and kill, built-in web app", mine, "python3 -m http.server until it answers", base)


def bench_crowd(home):
    for count in (20,):
        def all_at_once():
            running = [home.start("spawn", "todo app", "--offline") for _ in range(count)]
            for spawn in running:
                out, err = spawn.communicate(timeout=600)
                if spawn.returncode != 0:
                    raise RuntimeError(err)

        together = milliseconds(all_at_once)
        home.run("kill", "--all", "--yes", check=True)
        one = statistics.median(milliseconds(lambda: home.spawn("todo app")) for _ in range(3))
        home.run("kill", "--all", "--yes", check=True)
        row(f"{count} spawns from {count} processes, each", together / count, "one spawn alone", one)


def bench_gateway(home):
    """Keep-alive requests through the gateway to an app inside, against the same kind of app reached directly."""
    import http.client
    import http.server

    class Quiet(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    from urllib.parse import urlsplit
    url = urlsplit(home.spawn("REST API for todos"))

    def hundred(port, host):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        for _ in range(100):
            connection.request("GET", "/health", headers={"Host": host})
            connection.getresponse().read()
        connection.close()

    ours, base = paired(lambda: hundred(url.port, url.netloc), lambda: hundred(server.server_port, "localhost"), 9)
    row("100 requests to an app through the gateway", ours, "100 requests to a local Python server", base)
    server.shutdown()


def bench_validate(home):
    """Each sample app as `spawnai validate` sees it, against Node's own look at a program: a start and a parse, no judgement."""
    samples = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "data", "validate", "good")
    plain = os.path.join(home.path, "plain.js")
    with open(plain, "w") as program:
        program.write("console.log(1);\n")
    ours, base = [], []
    for kind in ("webapp", "api", "script"):
        for name in sorted(os.listdir(os.path.join(samples, kind))):
            path = os.path.join(samples, kind, name)
            one, other = paired(lambda p=path, k=kind: quiet(home.binary, "validate", p, "--type", k, env=home.environment),
                                lambda: quiet("node", "--check", plain), 3)
            ours.append(one)
            base.append(other)
    ours.sort()
    baseline = statistics.median(base)
    row(f"spawnai validate, median of {len(ours)} apps", statistics.median(ours), "node --check of one line", baseline)
    row("spawnai validate, 99 % of them within", ours[min(len(ours) - 1, len(ours) * 99 // 100)], "node --check of one line", baseline)


def bench_reply(_home):
    """Needs the target bench-reply of the same build."""
    program = os.path.join(os.path.dirname(os.environ["SPAWNAI_BIN"]), "..", "bench", "bench-reply")
    if not os.path.exists(program):
        print(f"left out: {program} is not built (target bench-reply)", file=sys.stderr)
        return
    for line in subprocess.run([program], capture_output=True, text=True, check=True).stdout.splitlines():
        what, ours, baseline_name, baseline, unit = line.split("\t")
        row(what, float(ours), baseline_name, float(baseline), unit)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", default=os.environ.get("SPAWNAI_BIN", "spawnai"))
    parser.add_argument("--only", choices=["start", "spawn", "crowd", "gateway", "validate", "reply"])
    options = parser.parse_args()
    os.environ["SPAWNAI_BIN"] = options.binary
    import spawnai
    for name, bench in (("start", bench_start), ("spawn", bench_spawn), ("crowd", bench_crowd), ("gateway", bench_gateway),
                        ("validate", bench_validate), ("reply", bench_reply)):
        if options.only in (None, name):
            home = spawnai.Home()
            home.binary = options.binary
            bench(home)
            home.close()
    print("| what | ours | baseline | ratio |\n|---|---|---|---|")
    for what, ours, baseline_name, baseline, unit in ROWS:
        print(f"| {what} | {ours:.2f} {unit} | {baseline_name}: {baseline:.2f} {unit} | {ours / baseline:.2f} |")


if __name__ == "__main__":
    main()
