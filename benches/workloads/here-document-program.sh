# Here-documents for programs.
i=0
while [ $i -lt 300 ]; do
    /bin/cat <<END
line $i of a short document
END
    i=$((i + 1))
done >out
tail -n 1 out
