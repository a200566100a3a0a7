const numbers = [3, 1, 2];
numbers.sort();
const sum = numbers.reduce((a, b) => a + b, 0);
module.exports = sum;
