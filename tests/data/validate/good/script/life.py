import itertools, os, time

SIZE, STEPS = 20, 10
alive = {(1, 0), (2, 1), (0, 2), (1, 2), (2, 2)}

def step(cells):
    counts = {}
    for (x, y), dx, dy in itertools.product(cells, (-1, 0, 1), (-1, 0, 1)):
        if dx or dy:
            key = ((x + dx) % SIZE, (y + dy) % SIZE)
            counts[key] = counts.get(key, 0) + 1
    return {c for c, n in counts.items() if n == 3 or (n == 2 and c in cells)}

for generation in range(STEPS):
    print(f"generation {generation}", *("".join("#" if (x, y) in alive else "." for x in range(SIZE)) for y in range(SIZE)), sep="\n")
    alive = step(alive)
    if os.environ.get("SLOW"): time.sleep(.1)
else:
    print("done", end="\n")
