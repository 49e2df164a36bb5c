# The same loops at the prompt: loop.sh sysv|posix blocks|trips COUNT BLOCK; see loop.c.
family=$1 loop=$2 count=$3 block=$4 n=0
if [ $family = sysv ]; then
    there=$(mq create sysv:0) back=$there
else
    there=/loop-$$-0 back=/loop-$$-1
    mq create -M $block -S 64 $there && mq create -M $block -S 64 $back || exit
fi
if [ $loop = blocks ]; then
    lines=$(i=0; while [ $i -lt $block ]; do echo $((i += 1)); done)
    while [ $n -lt $count ]; do
        send -l $there <<END
$lines
END
        recv -c $block $there
        n=$((n + block))
    done
else
    if [ $family = sysv ]; then
        while [ $n -lt $count ]; do recv -T 1 -v body $there; send -T 2 $back "$body"; n=$((n + 1)); done &
        while [ $n -lt $count ]; do send -T 1 $there $n; recv -T 2 -v body $back; [ "$body" = $n ] || exit; n=$((n + 1)); done
    else
        while [ $n -lt $count ]; do recv -v body $there; send $back "$body"; n=$((n + 1)); done &
        while [ $n -lt $count ]; do send $there $n; recv -v body $back; [ "$body" = $n ] || exit; n=$((n + 1)); done
    fi
    wait
    echo $n
fi
mq rm $there
[ $family = sysv ] || mq rm $back
