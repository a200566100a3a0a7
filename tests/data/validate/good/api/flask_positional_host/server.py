import os

from flask import Flask

app = Flask(__name__)


@app.route("/")
def index():
    return "ok"


app.run("0.0.0.0", int(os.getenv("PORT") or 3000), debug=False)
