# Setting and resetting traps.
i=0
while [ $i -lt 10000 ]; do
    trap 'exit 1' INT TERM
    trap - INT TERM
    i=$((i + 1))
done
echo $i
