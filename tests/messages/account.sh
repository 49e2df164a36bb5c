# usage: account.sh ADDRESS COUNT
# Four senders of COUNT messages each, one of which is ended; four receivers, one of which is ended on the way. Every message that a sender
# has counted is received once, and no other.
address=$1 count=$2
for sender in 1 2 3 4; do
    (
        trap 'stop=yes' TERM
        n=1
        while [ $n -le $count ] && [ -z "$stop" ]; do send "$address" "$sender.$n" && n=$((n + 1)); done
        echo $((n - 1)) >sent.$sender
    ) & last_sender=$! senders="$senders $!"
done
for receiver in 1 2 3; do
    recv -c 1000000 "$address" >received.$receiver 2>/dev/null & last_receiver=$! receivers="$receivers $!"
done
until cat received.* | grep -q .; do sleep 0.01; done
kill -w -TERM $last_receiver 2>/dev/null # what it has taken is written before it ends
recv -c 1000000 "$address" >received.4 2>/dev/null & receivers="$receivers $!"
kill -TERM $last_sender 2>/dev/null
wait $senders
kill -w -TERM $receivers 2>/dev/null
recv -n -c 1000000 "$address" >received.5 2>/dev/null
sent=0
for sender in 1 2 3 4; do read n <sent.$sender && sent=$((sent + n)); done
for sender in 1 2 3 4; do
    read n <sent.$sender
    i=1; while [ $i -le $n ]; do echo "$sender.$i"; i=$((i + 1)); done
done | sort >expected
sort received.* | cmp - expected && [ $sent -ge $((3 * count)) ] && echo 'every message once'
