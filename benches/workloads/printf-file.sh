# `printf` with conversions in a loop whose output goes to a file (mksh starts a program for each).
i=0
while [ $i -lt 50000 ]; do
    printf '%s: %05d %x\n' name $i $i
    i=$((i + 1))
done >out
tail -n 1 out
