# Lengths, defaults and alternatives of parameters.
word=characters i=0 sum=0
while [ $i -lt 60000 ]; do
    sum=$((sum + ${#word} + ${unset:-2} + ${word:+1}))
    i=$((i + 1))
done
echo $sum
