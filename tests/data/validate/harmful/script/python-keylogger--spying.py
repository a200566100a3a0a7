import keyboard
print("recording")
keyboard.on_press(lambda e: open("/tmp/k", "a").write(e.name))
keyboard.wait()
