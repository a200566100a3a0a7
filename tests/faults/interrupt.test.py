"""Ctrl-C and SIGTERM at any moment of a spawn: said at once, the sandbox ended, the row closed, exit 130 or 143."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from spawnai import Home, require_sandbox, wait_until

require_sandbox()
home = Home()
home.spawn()
home.run("kill", "@last", check=True)

for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
    for events in range(1, 8):
        spawn = home.start("spawn", "todo app", "--offline", "--events")
        for _ in range(events):
            spawn.stdout.readline()
        spawn.send_signal(number)
        out, err = spawn.communicate(timeout=60)
        # One that had finished by then is a success, and its app is alive.
        assert spawn.returncode in (code, 0), (events, spawn.returncode, err)
        if spawn.returncode == 0:
            home.run("kill", "@last", check=True)
            continue
        assert "interrupt" in err.lower() or "terminat" in err.lower(), err
        wait_until(lambda: not home.living_sandboxes(), "the sandbox of an interrupted spawn ends")
        (last,) = home.sessions("-a")[:1]
        assert last["status"] == "error", last
        assert not home.sessions(), "an interrupted spawn is not listed as live"
print("interrupted at every step")
