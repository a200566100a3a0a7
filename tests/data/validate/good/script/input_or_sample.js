let text = '';
process.stdin.on('data', (chunk) => {
    text += chunk;
});
process.stdin.on('end', () => {
    const lines = (text || 'one\ntwo').split('\n');
    console.log(lines.length);
});
