# `read` over the lines of a file.
n=0
while IFS= read -r line; do n=$((n + 1)); done <lines
echo $n "$line"
