const x = 1;
console.log(x);
```
The script above prints one.
```
