# Pipelines of programs.
i=0
while [ $i -lt 120 ]; do
    /bin/echo $i | /bin/cat | /bin/cat
    i=$((i + 1))
done >out
tail -n 1 out
