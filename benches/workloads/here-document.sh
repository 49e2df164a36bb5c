# Here-documents for builtins.
i=0
while [ $i -lt 10000 ]; do
    read -r line <<END
line $i of a short document
END
    i=$((i + 1))
done
echo "$line"
