const express = require('expresss');
express().listen(process.env.PORT || 3000);
