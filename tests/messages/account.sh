# usage: account.sh ADDRESS EACH CALL
# Four senders of EACH messages; one more that works until TERM, which it traps, so it knows what it has sent; and one that works until KILL: of its last
# message nobody knows whether it went before it could be counted. Receivers: one that waits in the system call CALL and is ended by KILL, one by
# TERM; and in the middle of their work two that are ended by TERM, which lose nothing, and three by KILL. These write down each message before
# they ask for the next one, so each takes at most one message with it, the one in its hand. Every signal hits a living process, which ends of it.
address=$1 each=$2 call=$3

# ends PID SIGNAL: the process is there, and it is this signal that ends it.
ends() {
    kill -$2 $1 || echo "$1 was gone before $2"
    wait $1
    [ $? = $((128 + $(kill -l $2))) ] || echo "$1 did not end of $2"
}
waits() { until read -r now rest </proc/$1/syscall && [ "$now" = $call ]; do sleep 0.01; done; }
# works FILE: its writer is in the middle of its work.
works() { : >>$1; until [ $(wc -l <$1) -ge 200 ]; do sleep 0.01; done; }
one_by_one() { while recv "$address"; do :; done; }
several() { while recv -c 100 "$address"; do :; done; } # receivers of a rendezvous take turns

for signal in KILL TERM; do
    recv "$address" >received.waiting.$signal & waits $! && ends $! $signal
    [ -s received.waiting.$signal ] && echo "a receiver without messages has received one"
done

for sender in 1 2 3 4; do
    (n=1; while [ $n -le $each ]; do send "$address" $sender.$n && n=$((n + 1)); done) & whole="$whole $!"
done
(
    trap 'stop=yes' TERM
    n=1; while [ -z "$stop" ]; do send "$address" 5.$n && n=$((n + 1)); done
    echo $((n - 1)) >sent.5
) & stopped=$!
(n=1; while send "$address" 6.$n; do echo $n; n=$((n + 1)); done >progress) & killed=$!

several >received.1 & receivers=$!
several >received.2 & works received.2 && ends $! TERM
one_by_one >received.3 & works received.3 && ends $! TERM
for hand in 4 5 6; do
    one_by_one >received.$hand & works received.$hand && ends $! KILL
    # KILL can cut a write between two pages of the file: what was being written down is still in the hand.
    [ -z "$(tail -c 1 received.$hand)" ] || sed -i '$d' received.$hand
done
for receiver in 7 8; do several >received.$receiver & receivers="$receivers $!"; done

works progress && ends $killed KILL
kill -TERM $stopped && wait $stopped || echo 'the sender that traps TERM had ended before'
wait $whole
for receiver in $receivers; do ends $receiver TERM; done
recv -n -c 10000000 "$address" >received.9 2>/dev/null

export LC_ALL=C
counted=$(wc -l <progress) stopped=$(cat sent.5)
grep -qxF 6.$((counted + 1)) received.* && counted=$((counted + 1))
for pair in 1:$each 2:$each 3:$each 4:$each 5:$stopped 6:$counted; do seq -f "${pair%:*}.%.0f" ${pair#*:}; done | sort >sent
sort received.* >received
uniq -d received | sed 's/^/doubled: /'
comm -13 sent received | uniq | sed 's/^/never sent: /'
comm -23 sent received >in-hand
[ $(wc -l <in-hand) -le 3 ] || sed 's/^/lost: /' in-hand
[ $(wc -l <sent) -ge $((4 * each)) ] && echo "done"
