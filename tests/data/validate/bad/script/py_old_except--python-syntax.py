try:
    print(1)
except ValueError, error:
    print(error)
