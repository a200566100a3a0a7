"""Apps of every type on a cloud: made, shown, extended, paid for by the size that the API reports, and ended."""
import json
import os
import subprocess
import sys

SUPPORT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support")
sys.path.insert(0, SUPPORT)
import spawnai  # noqa: E402
from cloud_home import CloudHome  # noqa: E402
from fake_cloud import Answer, refusal  # noqa: E402

spawnai.require_sandbox()

# A page, and all that is done with it.
with CloudHome() as home:
    cloud = home.cloud
    cloud.size = (8, 8192)
    home.expect(0, "spawn", "-n", "--offline", "todo app", says="0 of 20 sandboxes, 0 of 10 spawns")
    assert cloud.journal == [], "a dry run must not touch the network"
    url = home.spawn("todo app")
    assert spawnai.fetch(url)[0] == 200
    body = json.loads(cloud.calls("POST", "/v2/sandboxes")[0][3])
    assert body["templateID"] == "base" and body["timeout"] == 1800 and body["allow_internet_access"] is True, body
    assert set(body["metadata"]) == {"spawnai_session", "spawnai_store"} and "secure" not in body, body
    assert body["envVars"] == {}, body
    session = home.sessions()[0]
    assert session["provider"] == "e2b" and session["cost"]["nanoUsd"] > 0, session
    shown = home.json("show", session["id"], "--json")["session"]
    assert (shown["cpuCount"], shown["memoryMib"]) == (8, 8192), shown
    assert home.json("cost", "--json")["running"]["sandbox"]["nanoUsd"] > 0
    # 8 vCPU and 8 GiB are $0.000148 a second: 10 minutes more are $0.0888.
    home.expect(0, "extend", session["id"], "10m", says="$0.089")
    home.expect(6, "extend", session["id"], "2h", says="the plan 'hobby' allows 1h", hint="ask for at most")
    assert len(cloud.calls("POST", "/sandboxes/.*/timeout")) == 2, "what the plan refuses must not be asked for"
    home.expect(0, "logs", session["id"], says="GET / 200")
    home.expect(0, "kill", session["id"])
    assert cloud.live() == []
    home.expect(0, "gc", says="nothing was left over")

# An api and a script; every process command of the client goes to the fake daemon.
with CloudHome() as home:
    home.environment["E2B_PLAN"] = "pro"
    api = home.spawn("REST todo API")
    assert spawnai.fetch(api, "/health")[0] == 200
    script = home.spawn("csv statistics script")
    assert "Exit code 0" in spawnai.fetch(script)[1]
    starts = home.cloud.calls("POST", "/process.Process/Start")
    server = [json.loads(body[5:]) for _, _, headers, body in starts if b"setsid" in body]
    assert server, "the server must be detached from the command that starts it"
    home.expect(0, "kill", "--all", "--yes")
    assert home.cloud.live() == []

# A model writes while the sandbox is made; when its app is refused for good, the sandbox ends at once.
model = subprocess.Popen([sys.executable, os.path.join(SUPPORT, "messages_server.py"), "--play", "slow", "--delay-ms", "15"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
refused = subprocess.Popen([sys.executable, os.path.join(SUPPORT, "messages_server.py"), "--play", "traversal"],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
try:
    with CloudHome() as home:
        home.environment["ANTHROPIC_BASE_URL"] = model.stdout.readline().strip()
        result = home.expect(0, "spawn", "a page of mine", "--events")
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        ended = {line["message"]: line["time"] for line in lines if str(line.get("message", "")).endswith(" done")}
        assert ended["create done"] < ended["generate done"], "the sandbox must be there before the reply is"
        home.environment["ANTHROPIC_BASE_URL"] = refused.stdout.readline().strip()
        before = set(home.cloud.live())
        result = home.run("spawn", "another page of mine")
        assert result.returncode in (5, 8, 10), (result.returncode, result.stderr)
        assert set(home.cloud.live()) == before, "the sandbox of a refused app must be gone"
finally:
    for server in (model, refused):
        server.stdin.close()
        server.wait(timeout=20)

# An older server says in many ways that it has no v2. It is asked once; what it makes is secured.
for missing in (refusal(404, "no matching operation was found"), refusal(405, "method not allowed"), Answer(404), Answer(405),
                Answer(404, "404 page not found", {"Content-Type": "text/plain"}),
                Answer(405, "<html></html>", {"Content-Type": "text/html"})):
    with CloudHome(api="v1") as home:
        home.cloud.missing_path = missing
        home.spawn("todo app")
        assert len(home.cloud.calls("POST", "/v2/sandboxes")) == 1
        assert json.loads(home.cloud.calls("POST", "/sandboxes")[0][3])["secure"] is True
        assert home.cloud.calls("GET", "/sandboxes") == [], "the list of v2 is older than its create"

print("ok")
