# Suffixes and prefixes of a text of 5 KiB, taken off word by word.
text='the quick brown fox jumps over the lazy dog '
for i in 1 2 3 4 5 6 7; do text=$text$text; done
words=0
while [ -n "$text" ]; do
    word=${text%% *}
    text=${text#* }
    words=$((words + ${#word}))
done
echo $words
