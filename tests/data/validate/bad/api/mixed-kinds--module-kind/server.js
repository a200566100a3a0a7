import express from 'express';
const cors = require('cors');
const app = express();
app.use(cors());
app.listen(process.env.PORT || 3000);
module.exports = app;
