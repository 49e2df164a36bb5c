# Numbers as programs use them: primes by trial division, nested loops and conditions.
count=0 n=2
while [ $n -le 4000 ]; do
    d=2 prime=1
    while [ $((d * d)) -le $n ]; do
        if [ $((n % d)) -eq 0 ]; then prime=0; break; fi
        d=$((d + 1))
    done
    [ $prime -eq 1 ] && count=$((count + 1))
    n=$((n + 1))
done
echo $count
