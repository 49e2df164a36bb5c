# `.`: a short file, again and again.
echo 'sourced=$((sourced + 1))' >file.sh
sourced=0 i=0
while [ $i -lt 10000 ]; do . ./file.sh; i=$((i + 1)); done
echo $sourced
