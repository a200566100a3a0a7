import os

from flask import Flask
from google.cloud import storage
import plaid

app = Flask(__name__)


@app.route("/")
def index():
    return str(storage.__name__) + plaid.__name__


app.run(host="0.0.0.0", port=int(os.environ.get("PORT", 3000)))
