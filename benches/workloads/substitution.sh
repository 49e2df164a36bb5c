# `$(builtin)`: no program is started.
i=0
while [ $i -lt 2000 ]; do
    s=$(echo "value $i")
    i=$((i + 1))
done
echo "$s"
