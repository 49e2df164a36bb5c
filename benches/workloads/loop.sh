# Loops that do nothing else: the price of a turn and of `:`.
for i in 1 2 3 4 5 6 7 8 9 10; do
    for j in 1 2 3 4 5 6 7 8 9 10; do
        for k in 1 2 3 4 5 6 7 8 9 10; do
            for l in 1 2 3 4 5 6 7 8 9 10; do
                for m in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do :; done
            done
        done
    done
done
echo "$i $j $k $l $m"
