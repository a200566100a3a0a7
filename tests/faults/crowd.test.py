"""Two spawns at once, then eighteen more: every app answers under its own name, on port 3000 inside; the next one is refused."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from spawnai import Home, fetch, require_sandbox

require_sandbox()
home = Home()


def spawn_many(count):
    running = [home.start("spawn", "todo app", "--offline") for _ in range(count)]
    urls = []
    for spawn in running:
        out, err = spawn.communicate(timeout=300)
        assert spawn.returncode == 0, f"exit {spawn.returncode}: {err}"
        assert len(out.splitlines()) == 1, out
        assert "database is locked" not in err, err
        urls.append(out.strip())
    return urls


urls = spawn_many(2) + spawn_many(18)
assert len(set(urls)) == 20, "every app has a host name of its own"
for url in urls:
    assert url.startswith("http://3000-"), url
    status, page = fetch(url)
    assert status == 200 and "todo" in page.lower(), (url, status)
rows = home.sessions()
assert sorted(r["url"] for r in rows) == sorted(urls)
assert len(home.living_sandboxes()) == 20

refused = home.run("spawn", "todo app", "--offline")
assert refused.returncode == 6, (refused.returncode, refused.stderr)
assert refused.stdout == "", refused.stdout
assert "20" in refused.stderr, refused.stderr
home.run("kill", "--all", "--yes", check=True)
assert not home.living_sandboxes() and not home.sessions()
print("twenty at once")
