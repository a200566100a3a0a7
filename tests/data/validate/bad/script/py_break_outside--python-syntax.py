def find(items):
    for item in items:
        print(item)
    break


find([1])
