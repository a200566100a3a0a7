const out = document.getElementById('out');
out.textContent = 'hello';
console.log('done');
