# A list that grows by one word at a time: "$list $word".
list= i=0
while [ $i -lt 8000 ]; do
    list="$list word$i"
    i=$((i + 1))
done
echo ${#list}
