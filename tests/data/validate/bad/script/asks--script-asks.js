const readline = require('readline');
const rl = readline.createInterface({ input: process.stdin, output: process.stdout });
rl.question('How old are you? ', answer => {
  console.log(`You are ${answer}`);
  rl.close();
});
