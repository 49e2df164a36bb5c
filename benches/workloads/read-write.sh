# cat as a loop: `read`, and `printf` to a file.
while IFS= read -r line; do printf '%s\n' "$line"; done <lines >out
cmp lines out && echo same
