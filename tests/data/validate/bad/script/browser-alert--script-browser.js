const name = prompt('Your name?');
alert('Hello ' + name);
console.log(name);
