# `( list )` around builtins.
i=0
while [ $i -lt 1500 ]; do
    ( j=$i; : )
    i=$((i + 1))
done
echo $i ${j-unset}
