import sys

text = sys.stdin.read()
if not text.strip():
    text = "one\ntwo\n"
for line in text.splitlines():
    print(line.upper())
