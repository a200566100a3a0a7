word = "level and more"
print(word[::-1], word[::-1] == word)
