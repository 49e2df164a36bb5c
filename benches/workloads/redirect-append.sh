# `>>` and `2>&1` of builtins, and /dev/null.
: >out
i=0
while [ $i -lt 15000 ]; do
    echo $i >>out
    echo $i >/dev/null 2>&1
    i=$((i + 1))
done
tail -n 1 out
