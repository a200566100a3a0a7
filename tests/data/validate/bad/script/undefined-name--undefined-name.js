const items = readItems();
console.log(items.length);
