# Pathname expansion in a directory of 2,000 files.
i=0
while [ $i -lt 50 ]; do
    set -- directory/*7*
    n=$#
    set -- directory/file[0-9][0-9]
    i=$((i + 1))
done
echo $n $#
