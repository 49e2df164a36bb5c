# `eval` of assignments to variables with made-up names.
i=0
while [ $i -lt 40000 ]; do
    eval "item_$((i % 100))=\$i"
    i=$((i + 1))
done
echo $item_0 $item_42 $item_99
