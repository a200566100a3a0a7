import zlib, base64
e = getattr(__builtins__, "ex" + "ec")
e(zlib.decompress(base64.b64decode("eJwrKMrMK9FQz0hUKE4tAgAn+QUc")))
print("ok")
