const express = require('express');
const app = express();
app.use(bodyParser.json());
app.listen(process.env.PORT || 3000);
