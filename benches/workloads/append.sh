# A string that grows by one character at a time.
s= i=0
while [ $i -lt 30000 ]; do
    s=$s.
    i=$((i + 1))
done
echo ${#s}
