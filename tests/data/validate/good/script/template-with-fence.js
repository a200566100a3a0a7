const name = 'demo';
/*
```js
example();
```
*/
const md = `# ${name}

\`\`\`js
console.log('inside');
\`\`\`
`;
console.log(md);
const html = `<script>document.write("x")</` + `script>`;
console.log(html.length, /<\/script>/.test('</script>'));
