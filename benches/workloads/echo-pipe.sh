# `echo` in a loop whose output goes through a pipe.
i=0
while [ $i -lt 100000 ]; do
    echo "line $i"
    i=$((i + 1))
done | tail -n 1
