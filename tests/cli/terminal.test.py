"""A spawn on a terminal: the bar is drawn and gone at the end, Ctrl-C is answered at once and leaves nothing behind."""
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import fcntl
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from spawnai import BINARY, Home, require_sandbox, wait_until


class Screen:
    """spawnai on a terminal of its own, stdout apart when `out` is a pipe."""

    def __init__(self, home, *arguments, columns=100, stdout_too=False, **environment):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        variables = {k: v for k, v in home.environment.items() if k != "NO_COLOR"}
        variables.update({"TERM": "xterm", **environment})

        def own_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen([BINARY, *arguments], env=variables, stdin=slave, stderr=slave,
                                        stdout=slave if stdout_too else subprocess.PIPE, preexec_fn=own_terminal)
        os.close(slave)
        self.text = ""

    def read_until(self, wanted, seconds=60):
        end = time.monotonic() + seconds
        while not wanted(self.text):
            assert time.monotonic() < end, f"never shown: {self.text!r}"
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    piece = os.read(self.master, 65536)
                except OSError:
                    piece = b""
                if not piece:
                    break
                self.text += piece.decode("utf-8", "replace")
        return self.text

    def type(self, keys):
        os.write(self.master, keys)

    def finish(self, seconds=60):
        out = self.process.stdout.read().decode() if self.process.stdout else ""
        self.read_until(lambda _: False if self.process.poll() is None else not select.select([self.master], [], [], 0)[0], seconds)
        code = self.process.wait(timeout=seconds)
        os.close(self.master)
        return code, out


def visible(text):
    """What a terminal would show of it: erased lines are gone."""
    lines = []
    for line in text.replace("\r\n", "\n").split("\n"):
        lines.append(re.sub(r"\x1b\[[0-9;]*m", "", line.split("\x1b[2K")[-1]).split("\r")[-1])
    return "\n".join(lines)


require_sandbox()
home = Home()

screen = Screen(home, "spawn", "todo app", "--offline")
code, out = screen.finish()
assert code == 0, screen.text
assert re.fullmatch(r"http://3000-\S+\n", out), out
assert "\x1b[2K" in screen.text, "a live line was drawn"
assert "[" in screen.text and "#" in screen.text or "of about" in screen.text or "making" in screen.text, screen.text
shown = visible(screen.text)
assert "is ready" in shown and "next:" in shown, shown
assert not re.search(r"^[|/\\-] ", shown, re.M), "no bar is left on the screen: " + shown

quiet = Screen(home, "spawn", "todo app", "--offline", "-q")
code, out = quiet.finish()
assert code == 0 and quiet.text == "", quiet.text

dumb = Screen(home, "spawn", "todo app", "--offline", TERM="dumb")
code, out = dumb.finish()
assert code == 0 and "\x1b" not in dumb.text, dumb.text

table = Screen(home, "ls", columns=60, stdout_too=True)
table.finish()
assert all(len(line) <= 60 or "http" in line for line in visible(table.text).split("\n")), table.text
assert "\t" not in table.text

watching = Screen(home, "ls", "--watch", stdout_too=True)
watching.read_until(lambda text: "ready" in text)
watching.type(b"\x03")
code, _ = watching.finish()
assert code == 130 and "error" not in watching.text, watching.text

asked = Screen(home, "kill", "--all", stdout_too=True)
asked.read_until(lambda text: "[y/N]" in text)
asked.type(b"n\n")
code, _ = asked.finish()
assert code == 0 and len(home.sessions()) == 3, asked.text

hidden = Screen(home, "keys", "set", "claude", stdout_too=True)
hidden.read_until(lambda text: "CLAUDE_API_KEY: " in text)
time.sleep(0.1)
key = "sk-ant-" + "k" * 60
hidden.type(key.encode() + b"\n")
code, _ = hidden.finish()
assert code == 0 and key not in hidden.text, hidden.text
home.run("keys", "rm", "claude", check=True)

# No prompt on a terminal: said at once, nothing waits.
bare = Screen(home, "spawn", stdout_too=True)
code, _ = bare.finish(10)
assert code == 2 and "spawnai spawn" in bare.text, bare.text

home.run("kill", "--all", "--yes", check=True)
home.run("engine", "stop", check=True)

# Ctrl-C typed at the terminal, while the engine starts and the app is deployed.
stopped = 0
for delay in (0.0, 0.02, 0.05, 0.1):
    screen = Screen(home, "spawn", "todo app", "--offline")
    screen.read_until(lambda text: len(text) > 0)
    time.sleep(delay)
    screen.type(b"\x03")
    code, out = screen.finish()
    assert code in (130, 0), (code, screen.text)
    if code == 130:
        stopped += 1
        assert out == "", out
        assert "stopping" in screen.text, screen.text
        assert "interrupted" in visible(screen.text), screen.text
        wait_until(lambda: not home.sessions(), "an interrupted spawn is not live")
        wait_until(lambda: not home.living_sandboxes(), "its sandbox has ended")
    home.run("kill", "--all", "--yes", check=True)
assert stopped > 0, "at least one of the spawns was interrupted"
print("the terminal is used well")
