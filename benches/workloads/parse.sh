# Parsing without executing: about 20,000 lines.
#: options -n
#: copies 1000
build() {
    target=${1:-all} quiet=$2
    for file in src/*.c "$HOME"/include/*.h; do
        case $file in
            *.c | *.cc) object=${file%.c}.o ;;
            *)          continue ;;
        esac
        if [ ! -e "$object" ] || [ "$file" -nt "$object" ]; then
            ${CC:-cc} -c "$file" -o "$object" 2>>log || return 1
            [ -n "$quiet" ] || printf '%s\n' "built $(basename "$object") at $((count += 1))"
        fi
    done
    while read -r name value; do
        eval "option_$name=\$value" && export "option_$name"
    done <<-END
	CFLAGS -O2 $target
	LDFLAGS -s
	END
}
