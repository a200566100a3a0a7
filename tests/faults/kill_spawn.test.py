"""kill -9 of spawn after each of its events: the next command tells the truth and nothing runs on without a row."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from spawnai import Home, fetch, kill, require_sandbox, wait_until

LIVE = {"creating", "generating", "deploying", "ready", "paused"}


def events_of_a_whole_spawn(home):
    spawn = home.start("spawn", "todo app", "--offline", "--events")
    lines = spawn.stdout.read().splitlines()
    assert spawn.wait() == 0, spawn.stderr.read()
    assert json.loads(lines[-1])["type"] == "result", lines[-1]
    return len(lines)


def kill_after(home, count):
    spawn = home.start("spawn", "todo app", "--offline", "--events")
    for _ in range(count):
        spawn.stdout.readline()
    kill(spawn.pid)
    spawn.wait()
    spawn.stdout.close()
    spawn.stderr.close()


def check(home, step):
    # The first command after the crash already has to be truthful.
    for session in home.sessions():
        if session["status"] == "ready":
            status, _ = fetch(session["url"])
            assert status == 200, f"step {step}: a row claims to be ready, its URL answers {status}"
        else:
            raise AssertionError(f"step {step}: a dead spawn left a row in state {session['status']}")
    ready = [s for s in home.sessions() if s["status"] in LIVE]
    wait_until(lambda: len(home.living_sandboxes()) == len(ready),
               f"step {step}: as many sandboxes ({len(home.living_sandboxes())}) as live rows ({len(ready)})")
    for session in ready:
        home.run("kill", session["id"], check=True)
    assert not home.living_sandboxes(), f"step {step}: a sandbox outlived its session"


require_sandbox()
home = Home()
total = events_of_a_whole_spawn(home)
home.run("kill", "--all", "--yes", check=True)
assert total >= 4, f"only {total} events"
for step in range(total):
    kill_after(home, step)
    check(home, step)

# A session that died on the way can be brought to life from the store once its code was kept.
dead = [s for s in home.sessions("-a") if s["status"] == "error"]
assert dead, "no killed spawn was recorded as an error"
home.run("gc", check=True)
print(f"killed after each of {total} events")
