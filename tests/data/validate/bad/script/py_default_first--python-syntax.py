def greet(name="x", word):
    return name + word


print(greet("a", "b"))
