from flask import Flask
from flask_socketio import SocketIO

app = Flask(__name__)
socketio = SocketIO(app)

socketio.run(app, host="127.0.0.1", port=3000)
