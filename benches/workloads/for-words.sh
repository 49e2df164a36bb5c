# `for` over many words of a split variable.
words=$(cat words) n=0
for word in $words; do n=$((n + ${#word})); done
for word in $words; do n=$((n + 1)); done
for word in $words; do n=$((n + 1)); done
echo $n
