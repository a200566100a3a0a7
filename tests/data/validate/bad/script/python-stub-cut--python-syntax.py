def first():
    print(1)

def second():
