print("start")
if True:
    return 1
