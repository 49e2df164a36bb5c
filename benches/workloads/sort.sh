# A program in pure shell: insertion sort of 250 numbers kept in positional parameters.
insert() {
    number=$1 sorted= placed=
    shift
    for other; do
        if [ -z "$placed" ] && [ $number -lt $other ]; then sorted="$sorted $number" placed=1; fi
        sorted="$sorted $other"
    done
    [ -n "$placed" ] || sorted="$sorted $number"
}
sorted= seed=42 i=0
while [ $i -lt 250 ]; do
    seed=$(((seed * 421 + 1663) % 7875))
    insert $((seed % 1000)) $sorted
    i=$((i + 1))
done
echo $sorted
