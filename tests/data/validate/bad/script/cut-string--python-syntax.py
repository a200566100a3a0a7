print("one")
text = """a long
text
