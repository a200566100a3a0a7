import pathlib

folder = pathlib.Path(__file__).parent / "notes"
notes = {p.name: p.read_text() for p in folder.glob("*.txt")} if folder.exists() else {}
print(len(notes), "notes")
