# 300 programs at once, waited for by their ids.
ids= i=0
while [ $i -lt 300 ]; do
    /bin/true &
    ids="$ids $!"
    i=$((i + 1))
done
for id in $ids; do wait $id || echo "failed: $id"; done
echo $i
