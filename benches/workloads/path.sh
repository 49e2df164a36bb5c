# Programs found in PATH, the directory at its end.
PATH=/nowhere/1:/nowhere/2:/nowhere/3:$PWD/directory:$PATH
i=0
while [ $i -lt 50 ]; do
    expr 1 >out
    basename /a/b >out
    dirname /a/b >out
    i=$((i + 1))
done
cat out
