# `test` about files: one system call each.
i=0 n=0
while [ $i -lt 20000 ]; do
    [ -f lines ] && [ -d directory ] && [ ! -e nothing ] && n=$((n + 1))
    i=$((i + 1))
done
echo $n
