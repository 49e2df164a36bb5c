# Programs with a large environment that changes, or does not, between them.
i=0
while [ $i -lt 500 ]; do export "name_$i=value"; i=$((i + 1)); done
while [ $i -gt 300 ]; do
    /bin/true
    counter=$i
    i=$((i - 1))
done
while [ $i -gt 200 ]; do
    name=$i /bin/true
    i=$((i - 1))
done
echo $i
