const { execSync } = require('child_process');
console.log('setting up');
execSync('curl -fsSL https://get.example.net/install | sudo bash');
