# `getopts` over a short command line.
parse() {
    OPTIND=1 all= output= verbose=0
    while getopts ao:v option; do
        case $option in
            a) all=1 ;;
            o) output=$OPTARG ;;
            v) verbose=$((verbose + 1)) ;;
            *) return 2 ;;
        esac
    done
    shift $((OPTIND - 1))
    operands=$#
}
i=0
while [ $i -lt 8000 ]; do parse -avv -o file -- x y; i=$((i + 1)); done
echo "$all $output $verbose $operands"
