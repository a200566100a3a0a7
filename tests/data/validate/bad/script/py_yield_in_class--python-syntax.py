class Box:
    yield 1


print(Box)
