const {spawnSync} = require('child_process');
if (process.argv[2] === 'work') {
    console.log('worked');
} else {
    const done = spawnSync(process.execPath, [__filename, 'work'], {encoding: 'utf8'});
    console.log(done.stdout.trim());
}
