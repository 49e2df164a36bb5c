#!/usr/bin/env ipcsh
# Message queues: a buffer between processes that need not live at the same time.
key=sysv:0x1d0c$(printf %04x $(($$ % 65536)))
posix=/ipcsh-example-$$
cleanup() { kill $(jobs -p) 2>/dev/null; mq rm $key $posix 2>/dev/null; }
trap cleanup EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM # a signal ends the script by exit, so that EXIT's action runs

echo "producer and consumer"
mq create -x $key
(for number in 1 2 3 4 5; do send $key "item $number"; done; send -T 2 $key end) &
while recv -T -2 -v item $key && [ "$RECV_TYPE" != 2 ]; do
    echo "consumed $item"
done
wait

echo "priorities: the highest comes first, among equals the oldest"
mq create -x -M 8 -S 64 $posix
send -p 1 $posix 'later'
send -p 9 $posix 'urgent'
send -p 1 $posix 'last'
recv -a -o '%p %m' $posix

echo "request and reply through one queue: the type of a reply is the client's number"
(while recv -T 1 -v request $key && [ "$request" != stop ]; do
    set -- $request
    send -T "$1" $key "$2 squared is $(($2 * $2))"
done) &
for number in 3 4; do
    client=$((1000 + number))
    send -T 1 $key "$client $number"
    recv -T $client $key
done
send $key stop
wait
