# `case` with literal words and patterns.
i=0 hits=0
while [ $i -lt 60000 ]; do
    case file$i.c in
    *.h) hits=$((hits + 100)) ;;
    [a-e]*) hits=$((hits + 10)) ;;
    file???.o | file?.o) hits=0 ;;
    file*7.c) hits=$((hits + 1)) ;;
    *) ;;
    esac
    i=$((i + 1))
done
echo $hits
