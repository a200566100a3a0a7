import json
import subprocess
import sqlite3
import tempfile
from dataclasses import dataclass, field, asdict
from pathlib import Path


@dataclass(slots=True)
class Item:
    name: str
    price: float
    tags: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"{self.name:<12}{self.price:8.2f} {'/'.join(self.tags) or '-'}"


def report(items):
    lines = [i.label for i in sorted(items, key=lambda i: (-i.price, i.name))]
    return "\n".join(lines)


with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "inventory.json"
    items = [Item("lamp", 19.99, ["home"]), Item("desk", 149.0), Item("pen", 1.2, ["office", "paper"])]
    path.write_text(json.dumps([asdict(i) for i in items]))
    data = json.loads(path.read_text())
    db = sqlite3.connect(":memory:")
    db.execute("create table item(name text, price real)")
    db.executemany("insert into item values (:name, :price)", data)
    total, = db.execute("select sum(price) from item").fetchone()
    print(report(items))
    print(f"{'total':<12}{total:8.2f}")
    python = subprocess.run(["python3", "--version"], capture_output=True, text=True, check=False)
    print(python.stdout.strip())
