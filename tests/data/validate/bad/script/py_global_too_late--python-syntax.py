count = 0


def add():
    count = 1
    global count
    return count


print(add())
