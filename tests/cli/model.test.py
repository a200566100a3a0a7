"""spawn with a model, as its user sees it: cost and source are told, failures have their codes, the key stays where it belongs."""
import json
import os
import signal
import subprocess
import sys
import urllib.request

SUPPORT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support")
sys.path.insert(0, SUPPORT)
from spawnai import Home, require_sandbox, wait_until

KEY = "sk-ant-api03-" + "t" * 80


class Server:
    """The scripted Messages API on a port of its own."""

    def __init__(self, play, *options):
        self.process = subprocess.Popen([sys.executable, os.path.join(SUPPORT, "messages_server.py"), "--play", play, *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=20)

    def journal(self):
        with urllib.request.urlopen(self.url + "/journal", timeout=10) as answer:
            return json.load(answer)


require_sandbox()
home = Home()
PROMPT = "a thing that nobody has made"


def spawn(server, *arguments, **environment):
    return home.run("spawn", PROMPT, *arguments, ANTHROPIC_BASE_URL=server.url, **environment)


with Server("normal") as server:
    dry = spawn(server, "-n", "--json")
    plan = json.loads(dry.stdout)
    assert plan["source"] == "model" and plan["modelEstimate"]["nanoUsd"] > 0, plan
    assert server.journal() == [], "a dry run asks nobody"

    capped = spawn(server, "--max-cost", "0.00001", "--json")
    assert capped.returncode == 6 and json.loads(capped.stdout)["error"]["kind"] == "limit", capped
    assert server.journal() == [], "what is too dear is refused before it is asked for"

    first = spawn(server)
    assert first.returncode == 0 and len(first.stdout.splitlines()) == 1, first
    assert "written by claude-haiku-5-5" in first.stderr and "cost $0.00" in first.stderr, first.stderr
    shown = home.json("show", "@last", "--json")
    spent = shown["session"]["cost"]["nanoUsd"]
    assert spent > 0 and spent == sum(line["amount"]["nanoUsd"] for line in shown["costLines"]), shown
    assert {line["item"] for line in shown["costLines"]} == {"input", "output", "cache_read"}, shown["costLines"]

    again = spawn(server)
    assert again.returncode == 0 and "reused, $0.00" in again.stderr, again.stderr
    assert home.json("show", "@last", "--json")["session"]["cost"]["nanoUsd"] == 0
    assert len(server.journal()) == 1, "what is reused is not asked for"
    assert spawn(server, "--fresh", "-q").stderr == ""
    assert len(server.journal()) == 2
    total = home.json("cost", "--for", "all", "--by", "model", "--json")
    assert total["total"]["model"]["nanoUsd"] == 2 * spent, total

    script = spawn(server, "-t", "script", "--json")
    assert json.loads(script.stdout)["output"].strip() == "scripted sum: 6", script.stdout
    assert "scripted sum: 6" in script.stderr

with Server("commentary") as server:
    noisy = spawn(server, "--fresh", "-v")
    assert noisy.returncode == 0 and "\x1b" not in noisy.stderr and "\x07" not in noisy.stderr, repr(noisy.stderr)

for scenario, code, kind in (("garbage", 10, "no_app"), ("refusal", 10, "no_app"), ("401", 4, "auth"), ("402", 6, "limit"), ("404", 2, "usage")):
    with Server(scenario) as server:
        failed = spawn(server, "--fresh", "--json")
        error = json.loads(failed.stdout)["error"]
        assert (failed.returncode, error["kind"], error["code"]) == (code, kind, code), (scenario, failed)
        session = home.json("show", error["session"], "--json")["session"]
        assert session["status"] == "error" and session["error"]["kind"] == kind, session
        assert session["name"] in error["hint"], error

# The key goes to the server that it is for, and nowhere else.
with Server("normal", "--key", KEY) as server:
    assert spawn(server, "--fresh").returncode == 4
    keyed = spawn(server, "--fresh", "--debug", "-v", CLAUDE_API_KEY=KEY)
    assert keyed.returncode == 0, keyed.stderr
    assert KEY not in keyed.stdout + keyed.stderr
for directory, _, files in os.walk(home.path):
    for name in files:
        try:
            with open(os.path.join(directory, name), "rb") as file:
                assert KEY.encode() not in file.read(), f"the key is in {directory}/{name}"
        except OSError:
            continue
assert os.path.getsize(os.path.join(home.path, "spawnai.log")) > 0, "--debug writes a log"

# Stopped in the middle of the reply.
with Server("normal", "--chunk", "10", "--delay-ms", "100") as server:
    home.environment["ANTHROPIC_BASE_URL"] = server.url
    running = home.start("spawn", PROMPT, "--fresh", "--events")
    wait_until(lambda: "outputTokens" in running.stdout.readline(), "tokens are reported while they come")
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130, (running.returncode, err)
    assert "stopping" in err and "interrupted" in err, err
    assert json.loads(out.splitlines()[-1])["error"]["kind"] == "interrupted", out
    last = home.sessions("-a")[0]
    assert last["status"] == "error" and last["error"]["kind"] == "interrupted", last

home.run("kill", "--all", "--yes", check=True)
print("the model's part is told and counted")
