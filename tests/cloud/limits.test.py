"""Limits of plans: what a plan does not allow is refused before the cloud is asked; what the cloud refuses says the same."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import spawnai  # noqa: E402
from cloud_home import CloudHome  # noqa: E402

spawnai.require_sandbox()

with CloudHome() as home:
    home.expect(6, "spawn", "--offline", "todo app", "--ttl", "61m", says="plan 'hobby'", hint="at most 1h")
    home.expect(6, "spawn", "--offline", "todo app", "--ttl", "25h", says="plan 'pro'", E2B_PLAN="pro")
    home.expect(0, "spawn", "-n", "--offline", "todo app", "--ttl", "3h", says="plan pro", E2B_PLAN="pro")
    home.expect(6, "spawn", "-n", "--offline", "todo app", "--ttl", "9h", says="--max-cost", E2B_PLAN="pro")
    assert home.cloud.journal == []
    error = home.spawn_json("--ttl", "2h", code=6)["error"]
    assert (error["kind"], error["class"], error["code"]) == ("limit", "resource_error", 6), error

# Ten spawns in 15 minutes; one a second of them, for which a spawn waits.
with CloudHome() as home:
    began = time.monotonic()
    crowd = [home.start("spawn", "--offline", "todo app") for _ in range(4)]
    for process in crowd:
        process.communicate(timeout=120)
        assert process.returncode == 0
    # The clock is not at fault here: four in three seconds is what the plan allows, however fast the machine is.
    assert time.monotonic() - began >= 3
    for _ in range(6):
        home.spawn("todo app")
    creates = home.creates()
    home.expect(6, "spawn", "--offline", "todo app", says="10 spawns in the last 15m", hint="try again in")
    home.expect(0, "spawn", "-n", "--offline", "todo app", says="10 of 10 spawns", hint="would be refused")
    assert home.creates() == creates
    plan = home.json("plan", "--json")
    assert (plan["live"], plan["concurrent"], plan["recent"], plan["rateCount"], plan["createdPerSecond"]) == (10, 20, 10, 10, 1), plan

# The cloud's own count, which knows of sandboxes that others made.
with CloudHome() as home:
    home.environment["E2B_PLAN"] = "pro"
    home.cloud.most = 1
    home.spawn("todo app")
    error = home.spawn_json(code=6)["error"]
    assert "maximum number of concurrent" in error["message"] and "spawnai kill" in error["hint"], error
    assert len(home.cloud.live()) == 1

# Nobody's plan: no limits but those of the cluster, and no price.
with CloudHome() as home:
    home.environment["E2B_PLAN"] = "self-hosted"
    home.spawn("todo app", "--ttl", "40m")
    plan = home.json("plan", "--json")
    assert plan["plan"] == "self-hosted" and plan["concurrent"] is None and plan["rateCount"] is None, plan
    assert home.sessions()[0]["cost"]["nanoUsd"] == 0

print("ok")
