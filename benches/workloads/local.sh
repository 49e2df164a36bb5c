# Functions with local variables (ksh93 has none in such functions).
down() {
    local n=$1 left right
    left=$n right=$((n + 1))
    [ $n -eq 0 ] || down $((n - 1))
    total=$((total + right - left))
}
total=0 i=0
while [ $i -lt 1000 ]; do down 50; i=$((i + 1)); done
echo $total
