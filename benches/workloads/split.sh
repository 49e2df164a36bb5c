# Field splitting of short texts by a character of IFS.
line=root:x:0:0:root:/root:/bin/sh IFS=: i=0
while [ $i -lt 40000 ]; do
    set -- $line
    i=$((i + 1))
done
IFS=' '
echo $# "$7"
