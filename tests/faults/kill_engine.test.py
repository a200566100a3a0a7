"""kill -9 of the engine and of an agent; expiry with the engine alive, restarted and dead; respawn."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from spawnai import Home, fetch, gone, kill, require_sandbox, wait_until

require_sandbox()
home = Home()


def session(reference="@last"):
    return home.json("show", reference, "--json")["session"]


# The engine dies: the app lives on, and the next command makes its printed URL answer again.
url = home.spawn("todo app", "--name", "survivor")
engine = home.engine_pid()
kill(engine)
wait_until(lambda: gone(engine), "the engine is gone")
assert fetch(url)[0] == 0, "nobody listens while the engine is dead"
assert len(home.living_sandboxes()) == 1, "the sandbox survives its engine"
rows = home.sessions()
assert [r["status"] for r in rows] == ["ready"], rows
status, page = fetch(url)
assert status == 200 and "<html" in page.lower(), (status, page[:200])
assert home.engine_pid() != engine

# The agent dies, and the sandbox with it: the row says so, and the app comes back from the store.
(agent,) = home.agent_pids()
kill(agent)
wait_until(lambda: not home.living_sandboxes(), "the sandbox ends with its agent")
rows = home.sessions("-a")
assert [r["status"] for r in rows] == ["lost"], rows
again = home.run("respawn", "survivor", check=True).stdout.strip()
assert fetch(again)[0] == 200
child = session()
assert child["parent"] == rows[0]["id"], child
home.run("kill", "@last", check=True)
assert fetch(again)[0] == 502

# Its time runs out with the engine alive ...
home.spawn("todo app", "--ttl", "3s", "--name", "alive")
# ... with the engine killed and restarted in between ...
home.spawn("todo app", "--ttl", "6s", "--name", "restarted")
kill(home.engine_pid())
home.sessions()
wait_until(lambda: not home.living_sandboxes(), "both expired", 30)
states = {r["name"]: r["status"] for r in home.sessions("-a")}
assert states["alive"] == "expired" and states["restarted"] == "expired", states
# ... and with no engine at all: the agent ends it.
home.spawn("todo app", "--ttl", "4s", "--name", "orphan")
expires = session("orphan")["expiresAt"]
kill(home.engine_pid())
wait_until(lambda: not home.living_sandboxes(), "the agent keeps the deadline", 30)
now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
assert now >= expires[:19], f"ended at {now}, before its time {expires}"
assert session("orphan")["status"] == "expired"
print("engine and agent were killed")
