"""The official command line tool, unchanged, against the local engine."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ.get("SPAWNAI_SOURCE", "."), "tests", "support"))
import spawnai  # noqa: E402

VERSION = "2.19.0"


def find_cli():
    place = os.path.join(tempfile.gettempdir(), f"spawnai-peers-{os.getuid()}", f"cli-{VERSION}")
    program = os.path.join(place, "node_modules", ".bin", "e2b")
    if not os.path.exists(program):
        if not shutil.which("npm"):
            spawnai.skip("npm is missing")
        os.makedirs(place, mode=0o700, exist_ok=True)
        with open(os.path.join(place, "package.json"), "w") as package:
            package.write('{"private":true}')
        install = subprocess.run(["npm", "install", "--no-audit", "--no-fund", f"@e2b/cli@{VERSION}"], cwd=place,
                                 capture_output=True, text=True)
        if install.returncode != 0:
            spawnai.skip("the package @e2b/cli cannot be installed: " + install.stderr[-300:])
    return program


spawnai.require_sandbox()
program = find_cli()
home = spawnai.Home()
variables = home.json("engine", "env", "--json")
environment = {**home.environment, "NO_UPDATE_NOTIFIER": "1",
               **{name: variables[name] for name in ("E2B_API_KEY", "E2B_API_URL", "E2B_SANDBOX_URL")}}


def e2b(*words, code=0, input=None):
    result = subprocess.run([program, *words], env=environment, capture_output=True, text=True, input=input,
                            stdin=subprocess.DEVNULL if input is None else None, timeout=60)
    assert result.returncode == code, (words, result.returncode, result.stdout, result.stderr)
    return result.stdout


sandbox = e2b("sandbox", "create", "base", "-d").strip()
assert len(sandbox) == 21, sandbox
assert [item["sandboxId"] for item in json.loads(e2b("sandbox", "list", "-f", "json"))] == [sandbox]
assert sandbox in e2b("sandbox", "list")
assert "running" in e2b("sandbox", "info", sandbox).lower()
assert "from-inside" in e2b("sandbox", "exec", sandbox, "echo from-inside")
e2b("sandbox", "exec", sandbox, "exit 4", code=4)
assert "piped" in e2b("sandbox", "exec", sandbox, "cat", input="piped\n")
e2b("sandbox", "exec", sandbox, "echo logged > /home/user/app.log")
assert "logged" in e2b("sandbox", "logs", "--loggers", "app", sandbox)
assert "Memory" in e2b("sandbox", "metrics", sandbox)
assert "base" in e2b("template", "list")
assert "paused" in e2b("sandbox", "pause", sandbox).lower()
assert json.loads(e2b("sandbox", "list", "-f", "json") or "[]") == []
assert [item["sandboxId"] for item in json.loads(e2b("sandbox", "list", "-s", "paused", "-f", "json"))] == [sandbox]
assert "paused" in e2b("sandbox", "info", sandbox).lower()
assert "resumed" in e2b("sandbox", "resume", sandbox).lower()
assert "running" in e2b("sandbox", "info", sandbox).lower()
assert "killed" in e2b("sandbox", "kill", sandbox)
assert json.loads(e2b("sandbox", "list", "-f", "json") or "[]") == []
home.close()
