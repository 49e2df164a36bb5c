# `read` over the lines of a pipe.
cat lines | {
    n=0
    while IFS= read -r line; do n=$((n + 1)); done
    echo $n
}
