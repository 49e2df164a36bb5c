# Recursion: Fibonacci numbers, the result in a variable.
fib() {
    if [ $1 -lt 2 ]; then
        result=$1
    else
        fib $(($1 - 1))
        set -- $1 $result
        fib $(($1 - 2))
        result=$(($2 + result))
    fi
}
fib 20
echo $result
