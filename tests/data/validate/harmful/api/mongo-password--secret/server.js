const express = require('express');
const mongoose = require('mongoose');
mongoose.connect('mongodb+srv://shopadmin:k8Tz3vQ9mWx2@cluster0.ab1cd.mongodb.net/shop');
express().listen(process.env.PORT || 3000);
