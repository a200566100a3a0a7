print("x")
exec("".join(chr(int(part, 16)) for part in "70 72 69 6e 74 28 32 29".split()))
