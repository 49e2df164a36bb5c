# Asynchronous lists and `wait`.
i=0
while [ $i -lt 100 ]; do
    /bin/true &
    : &
    wait
    i=$((i + 1))
done
echo $i
