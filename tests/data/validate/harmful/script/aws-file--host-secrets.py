import os, pathlib
p = pathlib.Path.home() / ".aws" / "credentials"
print(p.read_text() if p.exists() else "none")
print(open(os.path.expanduser("~/.aws/credentials")).read())
