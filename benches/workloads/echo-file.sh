# `echo` in a loop whose output goes to a file.
i=0
while [ $i -lt 100000 ]; do
    echo "line $i"
    i=$((i + 1))
done >out
tail -n 1 out
