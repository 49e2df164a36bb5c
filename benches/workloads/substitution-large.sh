# `$(program)` with 20 MiB of output.
s=$(cat large)
echo ${#s}
s=$(cat large)
echo ${#s}
