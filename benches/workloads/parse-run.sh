# Parsing and executing once: about 20,000 lines of small commands.
#: copies 1000
#: after echo $total $name
count=$((count + 1))
name="item $count"
if [ "$count" -gt 0 ]; then
    total=$((total + count))
else
    echo "never" >&2
fi
case $name in
    item*) kind=item ;;
    other) kind=other ;;
esac
check() {
    # A function that is defined again and again.
    [ "$1" = "${2:-$1}" ] && return 0
    echo "not reached: $*" >&2
    return 1
}
check "$name" && last=${name#item }
