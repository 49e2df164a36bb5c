# `test` and `[` with strings, numbers and `&&`, `||`, `!`.
i=0 a=abc b=abd n=0
while [ $i -lt 40000 ]; do
    [ "$a" = "$b" ] || [ "$a" != "$b" ] && [ -n "$a" ] && ! [ -z "$b" ] && test 5 -gt 3 && n=$((n + 1))
    i=$((i + 1))
done
echo $n
