# Starting a program from a shell that has grown to some hundred MiB: fork pays for every page.
s=$(cat large)
a=$s$s$s$s
i=0
while [ $i -lt 100 ]; do
    /bin/true
    i=$((i + 1))
done
echo ${#a}
