# `read` over a here-document, which is read with a pipe or a file behind it.
text=$(cat short-lines)
n=0
while read -r a b; do n=$((n + a)); done <<END
$text
END
echo $n
