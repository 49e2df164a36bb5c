# usage: account.sh ADDRESS COUNT
# Four senders of COUNT messages each, one of which is ended by TERM, and a fifth that is ended by KILL; receivers of which one is ended by
# TERM on the way and one by KILL while it waits for its first message. Every message is received once, and no other. Of a sender that was
# killed nobody knows whether its last message went before it could count it: one more may be there. A receiver that has taken a message
# and is killed before it prints it takes the message with it, whatever the mechanism; so the killed one has not received any.
address=$1 count=$2
recv "$address" >killed.receiver & killed=$!
until grep -q '^State:.S' /proc/$killed/status; do sleep 0.01; done
kill -w -KILL $killed && ! [ -s killed.receiver ] && echo 'a waiting receiver was killed'
for sender in 1 2 3 4; do
    (
        trap 'stop=yes' TERM
        n=1
        while [ $n -le $count ] && [ -z "$stop" ]; do send "$address" "$sender.$n" && n=$((n + 1)); done
        echo $((n - 1)) >sent.$sender
    ) & last_sender=$! senders="$senders $!"
done
(
    n=1
    while send "$address" "5.$n"; do echo $n; n=$((n + 1)); done >progress
) & killed=$!
for receiver in 1 2 3; do
    recv -c 1000000 "$address" >received.$receiver 2>/dev/null & last_receiver=$! receivers="$receivers $!"
done
until cat received.* | grep -q .; do sleep 0.01; done
kill -w -TERM $last_receiver 2>/dev/null # what it has taken is written before it ends
recv -c 1000000 "$address" >received.4 2>/dev/null & receivers="$receivers $!"
kill -TERM $last_sender 2>/dev/null
until [ -s progress ]; do sleep 0.01; done
kill -w -KILL $killed && echo 'a sender was killed'
wait $senders
kill -w -TERM $receivers 2>/dev/null
recv -n -c 1000000 "$address" >received.5 2>/dev/null
sent=0
for sender in 1 2 3 4; do read n <sent.$sender && sent=$((sent + n)); done
counted=$(wc -l <progress)
grep -qxF "5.$((counted + 1))" received.* && counted=$((counted + 1))
echo $counted >sent.5
for sender in 1 2 3 4 5; do
    read n <sent.$sender
    i=1; while [ $i -le $n ]; do echo "$sender.$i"; i=$((i + 1)); done
done | sort >expected
sort received.* | cmp - expected && [ $sent -ge $((3 * count)) ] && echo 'every message once'
