# `set --`: positional parameters as a list that grows and is rotated.
set -- a b c d e f g h i j
i=0
while [ $i -lt 40000 ]; do
    set -- "$@" "$1"
    shift
    i=$((i + 1))
done
echo "$@"
