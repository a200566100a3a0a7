"""Drives the real binary for the script tests: a home of its own, a record of what it started, and a clean end."""
import atexit
import fcntl
import glob
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse

BINARY = os.environ.get("SPAWNAI_BIN", "spawnai")
failed = False


def note_failure(*what):
    global failed
    failed = True
    sys.__excepthook__(*what)


sys.excepthook = note_failure
MUST_RUN = os.environ.get("SPAWNAI_TESTS_MUST_RUN") == "1"


def skip(reason):
    """Ends the test as skipped, or as failed where a skip is not acceptable."""
    print(("cannot skip: " if MUST_RUN else "skipped: ") + reason)
    sys.exit(1 if MUST_RUN else 77)


def require_sandbox():
    """Skips on a machine that cannot make a sandbox at all."""
    probe = Home().run("doctor", "--json")
    if probe.returncode == 9:
        skip("no sandbox can be made here: " + (probe.stderr or probe.stdout)[:500])


class Home:
    """A SPAWNAI_HOME of one test's own. Everything that was started below it has ended when the test ends."""

    def __init__(self, path=None, **environment):
        self.path = path or tempfile.mkdtemp(prefix="spawnai-home-")
        self.owned = path is None
        # The engine of root runs under another uid, which has to pass through.
        os.chmod(self.path, 0o711)
        keep = {k: v for k, v in os.environ.items()
                if not k.startswith(("SPAWNAI", "E2B_", "ANTHROPIC", "CLAUDE", "XDG_"))}
        self.environment = {**keep, "SPAWNAI_HOME": self.path, "HOME": self.path, "NO_COLOR": "1", **environment}
        atexit.register(self.close)

    def close(self):
        if not os.path.isdir(self.path):
            return
        if failed:
            self.tell()
        self.run("engine", "stop", "--all", timeout=60)
        left = self.living_sandboxes()
        for sandbox in left:
            print("left running at the end of the test:", sandbox)
        if self.owned:
            shutil.rmtree(self.path, ignore_errors=True)

    def tell(self):
        """What the engine and the store know, for who reads why a test failed."""
        for log in glob.glob(os.path.join(self.path, "engine", "*.log")):
            with open(log, errors="replace") as lines:
                print(log, *lines.readlines()[-80:], sep="\n", flush=True)
        print(self.run("ls", "-a", "--json").stdout, flush=True)

    def run(self, *arguments, timeout=120, check=False, input=None, **environment):
        result = subprocess.run([BINARY, *arguments], env={**self.environment, **environment}, text=True, input=input,
                                stdin=subprocess.DEVNULL if input is None else None, capture_output=True, timeout=timeout)
        if check and result.returncode != 0:
            raise AssertionError(f"{arguments} ended with {result.returncode}\n{result.stdout}\n{result.stderr}")
        return result

    def start(self, *arguments, **options):
        return subprocess.Popen([BINARY, *arguments], env=self.environment, text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def json(self, *arguments, **options):
        result = self.run(*arguments, check=True, **options)
        return json.loads(result.stdout)

    def spawn(self, prompt="todo app", *arguments, **options):
        """The URL of a new app; it has been printed alone on stdout."""
        result = self.run("spawn", prompt, "--offline", *arguments, check=True, **options)
        lines = result.stdout.splitlines()
        assert len(lines) == 1, f"stdout must be one line: {result.stdout!r}"
        return lines[0]

    def sessions(self, *arguments):
        return self.json("ls", "--json", *arguments)["sessions"]

    def engine_pid(self):
        return self.json("engine", "status", "--json")["pid"]

    def living_sandboxes(self):
        """Directories of sandboxes whose lock is held: the truth without asking spawnai."""
        root = os.path.join(self.path, "engine")
        living = []
        for directory, _, files in os.walk(root):
            if "state.json" not in files or "lock" not in files:
                continue
            with open(os.path.join(directory, "lock")) as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    living.append(directory)
        return living

    def agent_pids(self):
        pids = []
        for directory in self.living_sandboxes():
            with open(os.path.join(directory, "state.json")) as state:
                pids.append(json.load(state)["pid"])
        return pids


def fetch(url, path="/", method="GET", body=None, headers=None, timeout=20):
    """(status, body) of a request to an app. Names below .localhost are this machine, whatever its resolver says."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers={"Host": parts.netloc, **(headers or {})})
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except OSError as error:
        return 0, str(error)
    finally:
        connection.close()


def wait_until(condition, what, seconds=30):
    """Waits for something that must come; the bound only keeps a broken program from hanging the suite."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError("never happened: " + what)


def kill(pid):
    os.kill(pid, signal.SIGKILL)


def gone(pid):
    """Whether a process has ended (a zombie has)."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True
