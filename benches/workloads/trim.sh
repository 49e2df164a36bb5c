# Prefixes and suffixes: the base name, the directory and the extension of a path.
path=/usr/local/share/doc/package-1.2.3/examples/file.name.tar.gz
i=0
while [ $i -lt 40000 ]; do
    base=${path##*/}
    directory=${path%/*}
    stem=${base%%.*}
    rest=${path#/*/}
    i=$((i + 1))
done
echo "$base $directory $stem $rest"
