"""The official Python SDK, unchanged, against the local engine."""
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.environ.get("SPAWNAI_SOURCE", "."), "tests", "support"))
import spawnai  # noqa: E402


def load_sdk():
    """Installs the package beside this test's other runs, and makes it importable."""
    place = os.path.join(tempfile.gettempdir(), f"spawnai-peers-{os.getuid()}", f"python-{sys.version_info.major}.{sys.version_info.minor}")
    if not os.path.isdir(os.path.join(place, "e2b")):
        if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode != 0:
            spawnai.skip("pip is missing")
        install = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--target", place, "e2b"],
                                 capture_output=True, text=True)
        if install.returncode != 0:
            spawnai.skip("the package e2b cannot be installed: " + install.stderr[-300:])
    sys.path.insert(0, place)


def exercise():
    from e2b import CommandExitException, NotFoundException, PtySize, Sandbox, SandboxQuery, SandboxState

    sandbox = Sandbox.create(timeout=120, metadata={"k": "v 1&2=3"}, envs={"GREETING": "hello"}, allow_internet_access=False)
    assert sandbox.get_host(3000).startswith(f"3000-{sandbox.sandbox_id}.localhost:")

    sandbox.files.write("/app/a.txt", "one")
    assert sandbox.files.read("/app/a.txt") == "one"
    assert [entry.name for entry in sandbox.files.list("/app")] == ["a.txt"]
    assert not sandbox.files.exists("/app/none")
    assert sandbox.files.make_dir("/app/new")
    sandbox.files.remove("/app/a.txt")
    try:
        sandbox.files.read("/app/a.txt")
        raise AssertionError("a removed file was read")
    except NotFoundException:
        pass
    watch = sandbox.files.watch_dir("/app")
    sandbox.files.write("/app/seen.txt", "x")
    spawnai.wait_until(lambda: any(event.name == "seen.txt" for event in watch.get_new_events()), "an event of the watched directory")
    watch.stop()

    result = sandbox.commands.run('echo "$GREETING"; echo oops >&2; pwd', cwd="/app")
    assert (result.stdout, result.stderr) == ("hello\n/app\n", "oops\n")
    try:
        sandbox.commands.run("exit 3")
        raise AssertionError("exit code 3 was not reported")
    except CommandExitException as error:
        assert error.exit_code == 3
    sleeper = sandbox.commands.run("sleep 100", background=True, timeout=0)
    assert sleeper.pid in [process.pid for process in sandbox.commands.list()]
    assert sleeper.kill()
    # It dies a moment after the signal was sent.
    spawnai.wait_until(lambda: not sandbox.commands.kill(sleeper.pid), "the killed process is gone")

    terminal = sandbox.pty.create(size=PtySize(rows=24, cols=80), timeout=0)
    sandbox.pty.send_stdin(terminal.pid, b"echo sum-$((20+3)); exit\n")
    screen = b"".join(data for _, _, data in terminal if data)
    assert b"sum-23" in screen, screen

    server = sandbox.commands.run("python3 -m http.server 3000 --directory /app", background=True, timeout=0)
    headers = {"E2b-Sandbox-Id": sandbox.sandbox_id, "E2b-Sandbox-Port": "3000"}

    def visit():
        try:
            return urllib.request.urlopen(urllib.request.Request(os.environ["E2B_API_URL"] + "/seen.txt", headers=headers)).read()
        except urllib.error.HTTPError:
            return None

    assert spawnai.wait_until(visit, "an answer of the app") == b"x"
    server.kill()

    assert [item.sandbox_id for item in Sandbox.list().next_items()] == [sandbox.sandbox_id]
    before = sandbox.get_info().end_at
    sandbox.set_timeout(600)
    assert sandbox.get_info().end_at > before
    assert sandbox.get_metrics()[0].mem_total > 0
    assert Sandbox.connect(sandbox.sandbox_id).files.read("/app/seen.txt") == "x"
    assert sandbox.is_running()

    counter = sandbox.commands.run("i=0; while :; do i=$((i+1)); echo $i > /app/next; mv /app/next /app/count; sleep 0.02; done", background=True, timeout=0)
    spawnai.wait_until(lambda: sandbox.files.exists("/app/count"), "a first count")
    sandbox.pause()
    assert not sandbox.is_running()
    assert sandbox.get_info().state.value == "paused"
    assert [item.sandbox_id for item in Sandbox.list(query=SandboxQuery(state=[SandboxState.PAUSED])).next_items()] == [sandbox.sandbox_id]
    assert Sandbox.list(query=SandboxQuery(state=[SandboxState.RUNNING])).next_items() == []
    sandbox.connect(timeout=600)
    assert sandbox.is_running()
    before = int(sandbox.files.read("/app/count"))
    spawnai.wait_until(lambda: int(sandbox.files.read("/app/count")) > before, "the paused process goes on")
    assert counter.pid in [process.pid for process in sandbox.commands.list()]
    assert sandbox.kill()
    assert not sandbox.is_running()
    assert not Sandbox.kill(sandbox.sandbox_id)


spawnai.require_sandbox()
load_sdk()
home = spawnai.Home()
os.environ.update({name: value for name, value in home.json("engine", "env", "--json").items() if name.startswith("E2B_") and name != "E2B_DOMAIN"})
os.environ.pop("E2B_DOMAIN", None)
exercise()
home.close()
