def add(a, b, a):
    return a + b


print(add(1, 2, 3))
