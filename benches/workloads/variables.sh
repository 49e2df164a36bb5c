# Many variables: 5,000 names, assigned and read through `eval`.
i=0
while [ $i -lt 5000 ]; do eval "variable_$i=$i"; i=$((i + 1)); done
sum=0
while [ $i -gt 0 ]; do i=$((i - 1)); eval "sum=\$((sum + variable_$i))"; done
echo $sum
