const express = require('express');
const mongoose = require('mongoose');
const app = express();
app.use(express.json());
mongoose.connect(process.env.MONGO_URL || 'mongodb://localhost:27017/books').catch(err => console.error('no database:', err.message));
const Book = mongoose.model('Book', new mongoose.Schema({ title: { type: String, required: true }, author: String }));
app.route('/books')
  .get(async (req, res) => res.json(await Book.find()))
  .post(async (req, res) => { try { res.status(201).json(await Book.create(req.body)); } catch (e) { res.status(400).json({ error: e.message }); } });
app.get('/', (req, res) => res.send('Books'));
const port = process.env.PORT || 8000;
app.listen(port, () => { console.log(`http://localhost:${port}`); });
