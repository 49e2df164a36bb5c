# A counting loop with a sum: `[`, `$(( ))` and assignments.
i=0 sum=0
while [ "$i" -lt 100000 ]; do
    sum=$((sum + i % 7 * 3))
    i=$((i + 1))
done
echo "$sum"
