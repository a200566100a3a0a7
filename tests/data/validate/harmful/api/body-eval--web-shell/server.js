const express = require('express');
const app = express();
app.use(express.json());
app.post('/calc', (req, res) => { const { code } = req.body; res.json({ result: eval(code) }); });
app.listen(process.env.PORT || 3000);
