# Redirections of builtins.
i=0
while [ $i -lt 20000 ]; do
    echo $i >out
    i=$((i + 1))
done
cat out
