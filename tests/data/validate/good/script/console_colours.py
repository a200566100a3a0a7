import ctypes
import sys

if sys.platform == "win32":
    kernel = ctypes.windll.kernel32
    kernel.SetConsoleMode(kernel.GetStdHandle(-11), 7)
print("\033[32mgreen\033[0m")
