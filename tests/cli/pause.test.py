"""pause, resume and stats through the real binary: on this machine, and as a cloud, whose part an engine of another home plays."""
import datetime
import http.server
import json
import os
import sys
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.environ.get("SPAWNAI_SOURCE", "."), "tests", "support"))
from spawnai import Home, fetch, kill, require_sandbox, wait_until  # noqa: E402

require_sandbox()


def row(home, name):
    return next(session for session in home.sessions("-a") if session["name"] == name)


def usage(home, name):
    return home.json("show", name, "--json")["usage"]


class Given:
    """The time that a session was given by what happens in the block: from then on, give or take a rounding."""
    def __enter__(self):
        self.begun = time.time()
        return self

    def __exit__(self, *_):
        self.ended = time.time()

    def is_that_of(self, session, seconds):
        end = datetime.datetime.fromisoformat(session["expiresAt"].replace("Z", "+00:00")).timestamp()
        return self.begun - 1 <= end - seconds <= self.ended + 1


def complaint(home, code, *words):
    """The message and the hint of a command that fails with `code`, with and without --json."""
    plain = home.run(*words)
    assert (plain.returncode, plain.stdout) == (code, ""), (words, plain.returncode, plain.stdout, plain.stderr)
    told = home.run(*words, "--json")
    assert told.returncode == code, (words, told.returncode)
    error = json.loads(told.stdout)["error"]
    assert error["code"] == code and error["message"] in plain.stderr, (error, plain.stderr)
    return error["message"] + " / " + (error["hint"] or "")


def on_this_machine(home):
    for command in ("pause", "resume", "stats"):
        assert "no session" in complaint(home, 3, command, "nobody")
        assert home.run(command).returncode == 2
    url = home.spawn("todo app", "--name", "here")
    assert fetch(url)[0] == 200
    table = home.run("stats", "here", check=True).stdout.splitlines()
    assert [line.split("\t")[0] for line in table] == ["NAME", "here"] and "MiB" in table[1], table
    figures = home.json("stats", "here", "--json")
    assert 0 < figures["memoryUsedBytes"] < figures["memoryTotalBytes"] and figures["diskUsedBytes"] > 0, figures
    assert figures["cpuCount"] > 0 and 0 <= figures["cpuUsedPercent"] <= 100, figures

    # Who watches sees figure after figure, until there are none.
    watching = home.start("stats", "here", "--watch", "--json")
    for _ in range(2):
        assert json.loads(watching.stdout.readline())["name"] == "here"
    paused = home.run("pause", "here", check=True)
    assert paused.stdout == "" and "spawnai resume here" in paused.stderr and "kept until" in paused.stderr, paused
    assert watching.wait(timeout=30) == 0
    assert "paused" in watching.communicate()[1]

    assert fetch(url)[0] == 502
    (line,) = home.run("ls", "--no-headers", check=True).stdout.splitlines()
    assert line.split("\t")[3:5] == ["paused", "-"], line
    shown = home.run("show", "here", check=True).stdout
    assert "kept until" in shown and "expires" not in shown, shown
    session = row(home, "here")
    assert session["status"] == "paused" and session["remainingSeconds"] is None and session["expiresAt"], session
    assert "already" in home.run("pause", "here", check=True).stderr
    assert "is paused" in complaint(home, 2, "stats", "here")
    assert "resume" in complaint(home, 2, "extend", "here", "10m")
    assert "resume" in home.run("open", "here").stderr
    assert "there was nothing to end" in home.run("kill", "--expired", check=True).stderr

    # Here it keeps its slot, as it keeps its memory.
    assert home.json("spawn", "todo app", "--offline", "-n", "--json")["live"] == 1

    with Given() as given:
        resumed = home.run("resume", "here", "--ttl", "10m", check=True)
    assert resumed.stdout == url + "\n" and "additional cost" in resumed.stderr, resumed
    assert fetch(url)[0] == 200
    assert given.is_that_of(row(home, "here"), 600), row(home, "here")
    assert "was not paused" in home.run("resume", "here", check=True).stderr

    # The engine dies while it is paused: nothing is lost, nothing runs.
    assert home.json("pause", "here", "--json")["session"]["status"] == "paused"
    kill(home.engine_pid())
    assert row(home, "here")["status"] == "paused"
    with Given() as given:
        answer = home.json("resume", "here", "--json")
    assert answer["wasPaused"] and answer["session"]["status"] == "ready" and answer["session"]["url"] == url, answer
    assert given.is_that_of(answer["session"], 1800), answer
    assert fetch(url)[0] == 200
    home.run("pause", "here", check=True)
    home.run("kill", "here", check=True)
    assert row(home, "here")["status"] == "stopped" and not home.living_sandboxes()
    for command in ("pause", "resume", "stats"):
        assert "respawn" in complaint(home, 2, command, "here")

    # At its time-out it is paused instead of ended, with an engine or without, and its URL wakes it.
    for dies in (False, True):
        name = "alone" if dies else "watched"
        url = home.spawn("todo app", "--name", name, "--ttl", "3s", "--on-timeout", "pause")
        if dies:
            kill(home.engine_pid())
            time.sleep(5)
        wait_until(lambda: row(home, name)["status"] == "paused", "the session is paused at its time-out")
        wait_until(lambda: home.engine_pid(), "an engine for the URLs that wake")
        with Given() as given:
            assert fetch(url)[0] == 200, "its URL wakes it"
        session = row(home, name)
        assert session["status"] == "ready" and given.is_that_of(session, 300), session
        home.run("kill", name, check=True)

    # Of templates it knows one.
    refused = complaint(home, 2, "spawn", "todo app", "--offline", "--template", "other")
    assert "other" in refused and "base" in refused, refused


class NoPause(http.server.BaseHTTPRequestHandler):
    """A cloud that knows one sandbox and cannot pause."""
    detail = {}

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        self.answer(200, self.detail if self.path.startswith("/sandboxes/") else [self.detail])

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(501, {"code": 501, "message": "pausing is not supported here"})


def as_a_cloud(engine_home):
    variables = engine_home.json("engine", "env", "--json")
    cloud = {name: variables[name] for name in ("E2B_API_KEY", "E2B_API_URL", "E2B_SANDBOX_URL")}
    home = Home(**cloud)
    url = home.spawn("todo app", "--name", "far", "--provider", "e2b")
    assert row(home, "far")["provider"] == "e2b"
    running = row(home, "far")["cost"]["nanoUsd"]
    assert running > 0
    home.run("pause", "far", check=True)
    paid = row(home, "far")["cost"]["nanoUsd"]
    assert paid >= running
    session = row(home, "far")
    assert session["status"] == "paused" and session["expiresAt"] is None and session["remainingSeconds"] is None, session
    time.sleep(1.5)
    assert row(home, "far")["cost"]["nanoUsd"] == paid, "a paused session costs nothing"
    total = home.json("cost", "--json")["total"]
    assert total["sandbox"]["nanoUsd"] == paid, total
    assert len(usage(home, "far")) == 1

    answer = home.json("resume", "far", "--json")
    assert answer["additionalCost"]["nanoUsd"] > 0, answer
    assert fetch(url)[0] == 200
    wait_until(lambda: row(home, "far")["cost"]["nanoUsd"] > paid, "a resumed session costs again")
    home.run("pause", "far", check=True)
    assert "1h" in complaint(home, 6, "resume", "far", "--ttl", "2h")
    home.run("resume", "far", check=True)

    # What happens at the provider behind our back is believed: a pause, and a visitor who woke it.
    identifier = row(home, "far")["sandboxId"]

    def provider(identifier, action="", body=None):
        headers = {"X-API-Key": cloud["E2B_API_KEY"], "Content-Type": "application/json"}
        return urllib.request.urlopen(urllib.request.Request(
            f"{cloud['E2B_API_URL']}/sandboxes/{identifier}{action}", data=body, headers=headers))

    assert provider(identifier, "/pause", b"{}").status == 204
    home.run("gc", check=True)
    session = row(home, "far")
    assert session["status"] == "paused", session
    assert provider(identifier, "/connect", b'{"timeout":300}').status == 201
    home.run("gc", check=True)
    session = row(home, "far")
    assert session["status"] == "ready" and session["remainingSeconds"] <= 300, session
    assert len(usage(home, "far")) == 3, usage(home, "far")
    home.run("pause", "far", check=True)
    killed = home.run("kill", "far", check=True)
    assert "ended far" in killed.stderr
    assert fetch(url)[0] == 502 and row(home, "far")["status"] == "stopped"
    assert row(home, "far")["cost"]["nanoUsd"] == sum(stretch["cost"]["nanoUsd"] for stretch in usage(home, "far"))

    # One that sleeps since its time-out has not expired, even if nobody saw it fall asleep.
    home.spawn("todo app", "--name", "nap", "--provider", "e2b", "--ttl", "3s", "--on-timeout", "pause")
    identifier = row(home, "nap")["sandboxId"]
    wait_until(lambda: json.load(provider(identifier))["state"] == "paused", "the provider pauses it")
    assert "there was nothing to end" in home.run("kill", "--expired", check=True).stderr
    assert row(home, "nap")["status"] == "paused" and json.load(provider(identifier))["state"] == "paused"
    home.run("kill", "nap", check=True)

    # A provider that cannot pause says so, and the session goes on.
    home.spawn("todo app", "--name", "stuck", "--provider", "e2b")
    NoPause.detail = json.load(provider(row(home, "stuck")["sandboxId"]))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), NoPause)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        stuck = home.run("pause", "stuck", "--json", E2B_API_URL=f"http://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    error = json.loads(stuck.stdout)["error"]
    assert stuck.returncode == 2 and "cannot pause" in (error["message"] + error["hint"]), error
    assert row(home, "stuck")["status"] == "ready"
    home.run("kill", "stuck", check=True)
    home.close()


home = Home()
on_this_machine(home)
as_a_cloud(home)
home.close()
