# Calls of a function with arguments.
add() { result=$(($1 + $2)); }
i=0 result=0
while [ $i -lt 60000 ]; do
    add $result $i
    i=$((i + 1))
done
echo $result
