const express = require('express');
const app = express();
document.title = 'API';
app.listen(process.env.PORT || 3000);
