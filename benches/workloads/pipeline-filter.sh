# The pipeline of every script: a builtin writes, a program reads.
i=0
while [ $i -lt 200 ]; do
    echo "text $i" | /bin/cat
    i=$((i + 1))
done >out
tail -n 1 out
