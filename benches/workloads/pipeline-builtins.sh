# Pipelines of builtins.
i=0
while [ $i -lt 400 ]; do
    echo "$i" | read -r line
    echo "a b c" | { read -r a b; : "$a"; }
    i=$((i + 1))
done
echo $i
