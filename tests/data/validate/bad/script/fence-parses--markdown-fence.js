```
console.log('hello');
```
