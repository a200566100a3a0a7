I'm sorry, but I can't assist with that request. If you have a different idea for a script, let me know!
