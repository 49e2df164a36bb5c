# 20,000 positional parameters, shifted out one by one.
set --
set -- $(cat words)
n=0
while [ $# -gt 0 ]; do
    n=$((n + ${#1}))
    shift
done
echo $n
