import asyncio
from functools import reduce

total = 0


def count(*items, start=0, scale, **rest):
    """Each of these is close to an error and none."""
    global total
    total += sum(items) * scale + start
    return total


def outer():
    def inner():
        nonlocal value
        value += 1
        return value

    value = 1
    return inner()


def deep():
    def middle():
        def bottom():
            nonlocal seen
            seen = True

        bottom()

    seen = False
    middle()
    return seen


class Shape:
    def area(self, /, width, height=2, *, unit="m"):
        return f"{width * height}{unit}"

    def walk(self):
        yield from range(2)


def pick(command):
    match command:
        case [x, *rest]:
            def show():
                nonlocal x
                x += 1
                return x, rest
            return show()
        case {"k": v}:
            return v
    return None


def find(items):
    for item in items:
        if item > 2:
            break
    else:
        return None
    while (n := item) > 100:
        item -= 1
        continue
    return n


async def main():
    async with asyncio.Lock() as lock:
        pass
    names = [x async for x in numbers()]
    await asyncio.gather(*(asyncio.sleep(0) for _ in names))
    print(f"{await value()!r:>{10}}", (lambda *, k=1: k)(), lock is not None)


async def numbers():
    for x in range(3):
        yield x


async def value():
    return 4


data = {"scale": 2}
print(count(1, 2, *[3], start=1, **data, **{"other": 3}), outer(), deep(), Shape().area(3, unit="cm"), list(Shape().walk()))
print(pick([1, 2]), pick({"k": 3}), find([1, 2, 3]), reduce(lambda a, b: a + b, [1, 2]))
a, (b, *c) = 1, (2, 3)
print(a, b, c)
asyncio.run(main())
