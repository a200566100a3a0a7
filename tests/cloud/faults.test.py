"""A broken or hostile cloud: every fault ends a spawn in bounded time with the right code, and leaves no sandbox behind."""
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import spawnai  # noqa: E402
from cloud_home import CloudHome, page, refusal  # noqa: E402
from fake_cloud import answer, changed, cut, dropped, flood, frames, instead, without_end_frame, wrong_length  # noqa: E402

spawnai.require_sandbox()


def frame(message, flags=0):
    payload = json.dumps(message).encode()
    return struct.pack(">BI", flags, len(payload)) + payload


def without(name):
    return changed(lambda answer: {k: v for k, v in answer.items() if k != name})


TOO_MANY = "you have reached the maximum number of concurrent E2B sandboxes (20). If you need more, contact us"

# route, fault, exit code, words of the message, how often a sandbox may be asked for
FAULTS = {
    "refused key": ("create", refusal(401, "Invalid API key"), 4, "keys set e2b", 1),
    "blocked team": ("create", refusal(403, "team is blocked"), 4, "team is blocked", 1),
    "unknown template": ("create", refusal(404, "template 'x' not found"), 2, "cannot create a sandbox: template 'x' not found", 1),
    "concurrency": ("create", refusal(429, TOO_MANY), 6, "maximum number of concurrent", 1),
    "rate without a time": ("create", refusal(429, "Rate limit exceeded"), 6, "try again in a while", 1),
    "rate with a long time": ("create", refusal(429, "Rate limit exceeded", {"Retry-After": "3600"}), 6, "try again in 3600 s", 1),
    "rate again and again": ("create", refusal(429, "Rate limit exceeded", {"Retry-After": "1"}), 6, "try again in 1 s", 3),
    "rate as a page": ("create", page(429), 6, "web page", 1),
    "invalid": ("create", refusal(400, "validation error: bad"), 2, "validation error: bad", 1),
    "error page": ("create", page(500), 7, "web page", 1),
    "server error": ("create", refusal(500, "internal", error_code="sandbox_create_failed"), 7, "internal", 1),
    "no capacity": ("create", refusal(503, "no capacity", error_code="sandbox_capacity_unavailable"), 7, "no capacity", 3),
    "no placement": ("create", refusal(504, "placement timeout"), 7, "placement timeout", 1),
    "redirect": ("create", answer(301, "", {"Location": "https://elsewhere.test/"}), 7, "E2B_API_URL", 1),
    "nothing but 404": ("create", answer(404), 7, "E2B_API_URL", 2),
    "word as code": ("create", answer(400, {"code": "invalid_argument", "message": "odd"}), 2, "odd", 1),
    "answer lost": ("create", dropped, 7, "without an answer", 1),
    "answer cut": ("create", cut(10), 7, "broke", 1),
    "answer too short": ("create", wrong_length(50), 7, "broke", 1),
    "answer that is no JSON": ("create", instead("hello"), 7, "not valid JSON", 1),
    "answer without an id": ("create", without("sandboxID"), 7, "sandboxID", 1),
    "answer without a token": ("create", without("envdAccessToken"), 7, "no access token", 1),
    "old daemon": ("create", changed(lambda answer: {**answer, "envdVersion": "0.0.9"}), 7, "too old", 1),
    "domain that is none": ("create", changed(lambda answer: {**answer, "domain": "evil.test/x?"}), 7, "not a host name", 1),
    "endless answer": ("create", flood(2 << 30), 7, "larger than", 1),
    "full disk": ("files", refusal(507, "not enough disk space available"), 6, "disk", 1),
    "upload refused": ("files", refusal(401, "unauthorized access"), 7, "unauthorized", 1),
    "upload lost": ("files", dropped, 7, "without an answer", 1),
    "upload answered without end": ("files", flood(2 << 30), 7, "larger than", 1),
    "process stream cut": ("Start", cut(20), 7, "broke", 1),
    "process stream of garbage": ("Start", frames(b"\xff" * 6), 7, "no event stream", 1),
    "process frame of a gigabyte": ("Start", frames(struct.pack(">BI", 0, 1 << 30) + b"x" * 65536), 7, "no event stream", 1),
    "process without a result": ("Start", frames(frame({}, 2), end=1), 7, "without a result", 1),
    "process stream not found": ("Start", answer(404), 7, "404", 1),
    "gone right away": ("get", refusal(404, 'Sandbox "x" doesn\'t exist'), 7, "ended right after", 1),
    "gone at the end": ("timeout", refusal(404, 'Sandbox "x" doesn\'t exist'), 5, "ended before", 1),
    "broken page": ("app", page(500), 5, "status 500", 1),
}
for name, (route, fault, code, words, creates) in FAULTS.items():
    with CloudHome() as home:
        home.cloud.fault(route, fault, for_ever=True)
        result = home.run("spawn", "--offline", "todo app")
        told = result.stdout + result.stderr
        assert result.returncode == code, (name, result.returncode, told)
        assert words in told, (name, told)
        assert home.creates() == creates, (name, home.creates())
        assert "may still run" not in told, (name, told)
        assert home.cloud.live() == [], name
        row = home.sessions("-a")[0]
        assert row["status"] == "error", (name, row)
        if not home.cloud.made:
            assert row["cost"]["nanoUsd"] == 0, (name, row)

# What is no reason to fail: a rate limit that passes, an end frame that is missing, sizes that are not told, a lifetime that
# cannot be set.
for route, fault in (("create", refusal(429, "Rate limit exceeded", {"Retry-After": "1"})), ("create", refusal(503, "no capacity")),
                     ("Start", without_end_frame), ("get", page(500)), ("timeout", refusal(500, "oops"))):
    with CloudHome() as home:
        home.cloud.fault(route, fault, for_ever=route != "create")
        url = home.spawn("todo app")
        assert spawnai.fetch(url)[0] == 200
        assert home.sessions()[0]["remainingSeconds"] > 0
        assert len(home.cloud.made) == 1

# A sandbox that dies while its app is opened is called that, without waiting for the port.
with CloudHome() as home:
    def die(handler, perform):
        home.cloud.end(home.cloud.live()[0])
        handler.send(perform())
    home.cloud.fault("app", die)
    home.expect(5, "spawn", "--offline", "todo app", says="the sandbox ended while the app was being made")
    assert len([1 for entry in home.cloud.journal if entry[2].get("Host", "").startswith("3000-")]) <= 2

# A kill that fails keeps the session, and the next one ends it.
for fault in (refusal(500, "boom"), refusal(409, "in transition"), answer(404), answer(404, {"code": "404", "message": "odd"})):
    with CloudHome() as home:
        home.spawn("todo app")
        home.cloud.fault("kill", fault, for_ever=True)
        home.expect(7, "kill", "@last")
        assert [s["status"] for s in home.sessions()] == ["ready"]
        home.cloud.heal()
        home.expect(0, "kill", "@last")
        assert home.cloud.live() == []

# A list that runs in a circle ends.
with CloudHome() as home:
    home.spawn("todo app")

    def circle(handler, _):
        real = home.cloud.list_v2({}, {})
        real.headers["X-Next-Token"] = "ab"[len(home.cloud.journal) % 2]
        handler.send(real)
    home.cloud.fault("list", circle, for_ever=True)
    before = len(home.cloud.journal)
    home.run("gc")
    assert len(home.cloud.journal) - before < 10, len(home.cloud.journal) - before

print("ok")
