"""A store that is damaged, foreign, read-only, from a newer version, or on a full disk: said clearly, and nothing in it is lost."""
import os
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from spawnai import Home


def database(home):
    return os.path.join(home.path, "spawnai.db")


def refused(home, *arguments, about):
    result = home.run(*arguments)
    assert result.returncode == 2, (arguments, result.returncode, result.stderr)
    assert result.stdout == "", result.stdout
    assert about in result.stderr.lower(), f"{about!r} is not in: {result.stderr}"
    assert "spawnai.db" in result.stderr, result.stderr


home = Home()
home.run("ls", "-a", check=True)
with open(database(home), "rb") as file:
    healthy = file.read()

with open(database(home), "wb") as file:
    file.write(b"this is not a database, but somebody's notes\n" * 100)
refused(home, "ls", about="not")
refused(home, "spawn", "todo app", "--offline", about="not")
with open(database(home), "rb") as file:
    assert file.read().startswith(b"this is not a database"), "a foreign file was overwritten"

with open(database(home), "wb") as file:
    file.write(healthy[:1000])
refused(home, "ls", about="damaged")

for suffix in ("", "-wal", "-shm"):
    if os.path.exists(database(home) + suffix):
        os.remove(database(home) + suffix)
home.run("ls", "-a", check=True)
connection = sqlite3.connect(database(home))
version = connection.execute("pragma user_version").fetchone()[0]
assert version >= 1
connection.execute("pragma user_version = 9999")
connection.commit()
connection.close()
refused(home, "ls", about="newer")
connection = sqlite3.connect(database(home))
assert connection.execute("pragma user_version").fetchone()[0] == 9999, "a newer store was changed"
connection.execute(f"pragma user_version = {version}")
connection.commit()
connection.close()
home.run("ls", "-a", check=True)

# A full disk and a read-only one need a file system of their own, which only root can mount.
if os.geteuid() == 0:
    small = os.path.join(home.path, "small")
    os.mkdir(small)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=0711", "tmpfs", small], check=True)
    try:
        tiny = Home(path=small)
        tiny.run("ls", "-a", check=True)
        with open(os.path.join(small, "filler"), "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        full = tiny.run("spawn", "todo app", "--offline")
        assert full.returncode in (2, 6), (full.returncode, full.stderr)
        assert full.stdout == "" and "space" in full.stderr.lower(), full.stderr
        os.remove(os.path.join(small, "filler"))
        tiny.run("ls", "-a", check=True)
        assert not tiny.living_sandboxes()
        subprocess.run(["mount", "-o", "remount,ro", small], check=True)
        locked = tiny.run("spawn", "todo app", "--offline")
        assert locked.returncode == 2 and "read-only" in locked.stderr.lower(), (locked.returncode, locked.stderr)
        subprocess.run(["mount", "-o", "remount,rw", small], check=True)
        tiny.run("ls", "-a", check=True)
    finally:
        subprocess.run(["umount", "-l", small], check=True)
        shutil.rmtree(small, ignore_errors=True)
print("bad stores were refused")
