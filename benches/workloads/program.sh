# Starting a program and waiting for it.
#: baseline 500
i=0
while [ $i -lt 500 ]; do
    /bin/true
    i=$((i + 1))
done
