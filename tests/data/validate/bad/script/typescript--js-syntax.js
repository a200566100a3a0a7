type Point = { x: number; y: number };
function dist(a: Point, b: Point): number { return Math.hypot(a.x - b.x, a.y - b.y); }
console.log(dist({ x: 0, y: 0 }, { x: 3, y: 4 }));
