const express = require('express');
const app = express();
app.get('/', (req, res) => res.send('hi'));
// ... rest of the routes ...
app.listen(process.env.PORT || 3000);
