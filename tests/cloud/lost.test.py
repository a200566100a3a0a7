"""Nothing leaks on a cloud: spawns that are killed, answers that nobody heard, sandboxes that cannot be ended at once."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import spawnai  # noqa: E402
from cloud_home import CloudHome, refusal  # noqa: E402
from fake_cloud import after, drip, late  # noqa: E402

spawnai.require_sandbox()


def killed_spawn(home):
    process = home.start("spawn", "--offline", "todo app")
    asked = home.creates()
    spawnai.wait_until(lambda: home.creates() > asked or process.poll() is not None, "a create call")
    process.kill()
    process.communicate()


# Killed after the sandbox was made and before the answer came: the next ls or gc ends it, and it is paid for.
for command in ("ls", "gc"):
    with CloudHome() as home:
        home.cloud.fault("create", late(3600))
        process = home.start("spawn", "--offline", "todo app")
        spawnai.wait_until(home.cloud.live, "a sandbox")
        process.kill()
        process.communicate()
        home.expect(0, command)
        assert home.cloud.live() == []
        assert len(home.cloud.calls("DELETE", "/sandboxes/.*")) == 1
        row = home.sessions("-a")[0]
        assert row["status"] == "error" and row["cost"]["nanoUsd"] > 0, row

# Killed before the cloud got round to making it: it appears when the session has long been closed.
with CloudHome() as home:
    home.cloud.fault("create", after(2))
    killed_spawn(home)
    home.expect(0, "ls")
    assert [s["status"] for s in home.sessions("-a")] == ["error"]
    spawnai.wait_until(home.cloud.live, "the late sandbox")
    home.expect(0, "gc")
    assert home.cloud.live() == []
    assert home.sessions("-a")[0]["cost"]["nanoUsd"] > 0

# The same for ls alone, which asks again because it is not known what became of the call.
with CloudHome() as home:
    home.cloud.fault("create", after(2))
    killed_spawn(home)
    spawnai.wait_until(home.cloud.live, "the late sandbox")
    home.expect(0, "ls")
    assert home.cloud.live() == []

# A second sandbox for the same session, which its row does not name.
with CloudHome() as home:
    home.spawn("todo app")
    first = home.cloud.live()[0]
    body = home.cloud.sandboxes[first].wanted
    home.cloud.create(dict(body), 300, True)
    home.expect(0, "gc", says="ended the orphaned sandbox")
    assert home.cloud.live() == [first]
    assert [s["status"] for s in home.sessions()] == ["ready"]

# One sandbox that cannot be ended does not keep the others running.
with CloudHome() as home:
    home.environment["E2B_PLAN"] = "pro"
    home.cloud.fault("create", late(3600), for_ever=True)
    # Each spawn looks for what the ones before left, and must not get to end it yet.
    home.cloud.fault("kill", refusal(500, "boom"), for_ever=True)
    for _ in range(3):
        killed_spawn(home)
    spawnai.wait_until(lambda: len(home.cloud.live()) == 3, "three sandboxes")
    home.cloud.heal()
    home.cloud.fault("kill", refusal(500, "boom"))
    home.expect(0, "ls", says="boom")
    assert len(home.cloud.live()) == 1
    home.expect(0, "gc")
    assert home.cloud.live() == []

# Interrupted at any moment: gone within seconds.
for route, fault in (("create", late(3)), ("files", late(3600)), ("Start", drip), ("Move", late(3600))):
    with CloudHome() as home:
        home.cloud.fault(route, fault)
        process = home.start("spawn", "--offline", "todo app")
        name = {"create": "/v2/sandboxes", "files": "/files", "Start": "/process.Process/Start", "Move": "/filesystem.Filesystem/Move"}[route]
        spawnai.wait_until(lambda: home.cloud.calls("POST", name), "a call of " + name)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130, process.returncode
        spawnai.wait_until(lambda: home.cloud.made, "a sandbox")
        home.run("ls")
        spawnai.wait_until(lambda: not home.cloud.live(), "the end of the sandbox")

# Another cloud knows nothing of it, which is not its end.
with CloudHome() as home, CloudHome() as other:
    home.spawn("todo app")
    home.expect(2, "kill", "@last", says="runs at " + home.cloud.url, **other.cloud.environment())
    home.expect(2, "extend", "@last", "1m", says="runs at " + home.cloud.url, **other.cloud.environment())
    home.expect(0, "ls", **other.cloud.environment())
    assert len(home.cloud.live()) == 1 and home.sessions()[0]["status"] == "ready"
    home.expect(0, "kill", "@last")
    assert home.cloud.live() == []

print("ok")
