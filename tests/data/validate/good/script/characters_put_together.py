shift = 3
text = "hello world"
print("".join(chr((ord(c) - 97 + shift) % 26 + 97) if c.isalpha() else c for c in text))
print("".join(map(chr, range(97, 110))))
