print("x")
exec(")'yh'(tnirp;)'ih'(tnirp"[::-1])
