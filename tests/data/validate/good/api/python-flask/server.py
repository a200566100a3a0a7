"""A small guest book."""
import os
from datetime import datetime, timezone

from flask import Flask, jsonify, request

app = Flask(__name__)
entries: list[dict] = []


@app.get("/")
def index():
    return f"<h1>Guest book</h1><p>{len(entries)} entries</p>"


@app.route("/entries", methods=["GET", "POST"])
def all_entries():
    if request.method == "POST":
        data = request.get_json(force=True)
        if not (name := data.get("name")):
            return jsonify(error="name is required"), 400
        entries.append({"name": name, "text": data.get("text", ""), "at": datetime.now(timezone.utc).isoformat()})
        return jsonify(entries[-1]), 201
    return jsonify(entries)


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.environ.get("PORT", 3000)))
