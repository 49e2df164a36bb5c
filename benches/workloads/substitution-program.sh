# `$(program)` with a short output.
i=0
while [ $i -lt 300 ]; do
    s=$(/bin/echo $i)
    i=$((i + 1))
done
echo $s
