# Words put together from quoted pieces.
a=one b='two words' i=0
while [ $i -lt 50000 ]; do
    s="$a-$b"'-literal-'$a"/${b}/$i"
    i=$((i + 1))
done
echo "$s"
