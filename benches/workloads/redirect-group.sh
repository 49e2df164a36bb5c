# Redirections of groups and loops: the shell's own descriptors are saved and put back.
i=0
while [ $i -lt 10000 ]; do
    { echo $i; echo $i; } >out
    i=$((i + 1))
done
cat out
