"""What a model's reply can do to a spawn: the three types, cuts and repairs, hostile content, budgets, several at once."""
import json
import os
import subprocess
import sys
import urllib.request

SUPPORT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support")
sys.path.insert(0, SUPPORT)
from spawnai import Home, require_sandbox


class Server:
    def __init__(self, play, *options):
        self.process = subprocess.Popen([sys.executable, os.path.join(SUPPORT, "messages_server.py"), "--play", play, *options],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def __enter__(self):
        home.environment["ANTHROPIC_BASE_URL"] = self.url
        return self

    def __exit__(self, *_):
        del home.environment["ANTHROPIC_BASE_URL"]
        self.process.stdin.close()
        self.process.wait(timeout=20)

    def journal(self):
        with urllib.request.urlopen(self.url + "/journal", timeout=10) as answer:
            return json.load(answer)


def fetch(url):
    host = url.split("/")[2]
    request = urllib.request.Request(url.replace(host, "127.0.0.1:" + host.split(":")[1]), headers={"Host": host})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def spawn(*arguments, expect=0):
    result = home.run("spawn", *arguments)
    assert result.returncode == expect, (arguments, result.returncode, result.stdout, result.stderr)
    assert "\x1b" not in result.stdout + result.stderr, repr(result)
    return result


require_sandbox()
home = Home()

# The three types, end to end; files arrive in the sandbox while the reply is still being written.
with Server("slow", "--delay-ms", "25", "--chunk", "60"):
    page = fetch(spawn("a page of mine", "-t", "webapp").stdout.strip())
    assert "Scripted todo" in page and "&lt;escaped&gt;" in page
    lines = [json.loads(line) for line in spawn("an api of mine", "-t", "api", "--events").stdout.splitlines()]
    written = {line["file"]["path"]: line["time"] for line in lines if "file" in line}
    ended = next(line["time"] for line in lines if line.get("message") == "generate done")
    assert set(written) == {"package.json", "server.js", "routes.js"}, written
    assert written["package.json"] < written["server.js"] < ended, (written, ended)
    assert json.loads(fetch(lines[-1]["url"] + "/items")) == [{"id": 1, "title": "first"}]
with Server("normal"):
    assert "scripted sum: 6" in spawn("a script of mine", "-t", "script").stderr

# However the reply is cut, the page is the same.
for play in ("truncated", "truncated_repeating", "cut", "error_event", "429,normal", "nameless", "no_tags", "wrong_nonce"):
    with Server(play):
        assert fetch(spawn("a page of mine", "--fresh").stdout.strip()) == page, play

# What fails goes back to the model, is booked apart, and is said.
with Server("broken,normal") as server:
    repaired = spawn("an api that breaks", "-t", "api")
    assert "repair 1 of 2" in repaired.stderr, repaired.stderr
    shown = home.json("show", "@last", "--json")
    assert {line["attempt"] for line in shown["costLines"] if line["category"] == "model"} == {0, 1}, shown
    second = server.journal()[1]["body"]["messages"][-1]["content"][0]["text"]
    assert "broken on purpose" in second and "server.js" in second, second
with Server("broken") as server:
    failed = spawn("an api that never works", "-t", "api", expect=5)
    assert "broken on purpose" in failed.stderr, failed.stderr
    models = [request["body"]["model"] for request in server.journal()]
    assert models == ["claude-haiku-5-5", "claude-haiku-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"], models
with Server("broken") as server:
    spawn("an api that never works", "-t", "api", "-m", "claude-haiku-5-5", "--max-repairs", "1", expect=5)
    assert {request["body"]["model"] for request in server.journal()} == {"claude-haiku-5-5"}, "a pinned model is kept"

# The budget ends a stream in its middle.
with Server("big", "--chunk", "100") as server:
    spawn("a large page", "--max-cost", "0.005", expect=6)
    assert len(server.journal()) == 1
    spent = home.json("show", "@last", "--json")["session"]["cost"]["nanoUsd"]
    assert 2_500_000 < spent <= 5_000_000, spent

# Several at once pay once.
with Server("slow", "--delay-ms", "20") as server:
    running = [home.start("spawn", "wanted by many") for _ in range(4)]
    results = [(*each.communicate(timeout=60), each.returncode) for each in running]
    assert all(code == 0 for _, _, code in results), results
    assert len({out for out, _, _ in results}) == 4, "each has an app of its own"
    assert len(server.journal()) == 1, "one of them asked"
    assert sum("reused, $0.00" in err for _, err, _ in results) == 3, results

# Hostile replies.
for play in ("traversal", "absolute", "many_files", "huge_file"):
    with Server(play):
        refused = spawn("something bad", "--fresh", "--max-repairs", "0", expect=10)
        assert "hint:" in refused.stderr, refused.stderr
assert not os.path.exists("/tmp/spawnai-escaped") and not os.path.exists("/etc/spawnai-escaped")
with Server("escape_title"):
    spawn("a loud title")
    assert "\x1b" not in home.run("ls").stdout + home.run("show", "@last").stdout
with Server("tags_inside"):
    assert '<file path="evil.js">' in fetch(spawn("a page about tags").stdout.strip())

# Models: what is retired is refused before a call, what has no price is said.
with Server("normal") as server:
    retired = spawn("a page", "-m", "claude-3-sonnet-20240229", expect=2)
    assert "2025-07-21" in retired.stderr and "claude-sonnet-5-5" in retired.stderr, retired.stderr
    assert server.journal() == []
    unknown = spawn("a page", "-m", "llama3.3")
    assert "not known" in unknown.stderr, unknown.stderr
    body = server.journal()[0]["body"]
    assert body["model"] == "llama3.3" and isinstance(body["system"], str) and "output_config" not in body, body

# Keys: none at all, one in a file that others can read, one in a proper file.
lacking = spawn("a quantum flux visualiser", expect=4)
assert "CLAUDE_API_KEY" in lacking.stderr and "todo" in lacking.stderr, lacking.stderr
with Server("normal", "--key", "sk-ant-from-a-file"):
    home.run("keys", "set", "claude", input="sk-ant-from-a-file\n", check=True)
    spawn("with a key from the file")
    path = next(os.path.join(d, "keys.json") for d, _, names in os.walk(home.path) if "keys.json" in names)
    os.chmod(path, 0o644)
    exposed = spawn("with an exposed key", expect=2)
    assert "chmod 600" in exposed.stderr and "sk-ant" not in exposed.stderr, exposed.stderr

home.run("kill", "--all", "--yes", check=True)
print("every reply ends as it should")
