const express = require('express');
const magic = require('some-unknown-thing/lib/x');
const app = express();
app.get('/', (req, res) => res.send(magic()));
app.listen(process.env.PORT || 3000);
