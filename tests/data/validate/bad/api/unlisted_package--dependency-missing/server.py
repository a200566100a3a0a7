from flask import Flask
import shapely

app = Flask(__name__)
print(shapely.__name__)
app.run(host="0.0.0.0", port=3000)
