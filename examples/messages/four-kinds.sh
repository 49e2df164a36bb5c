#!/usr/bin/env ipcsh
# send and receive over four mechanisms, side by side: who waits for whom, and where the message is meanwhile.
name=example-$$
queue=/ipcsh-$name
cleanup() { kill $(jobs -p) 2>/dev/null; mq rm $queue 2>/dev/null; ipc rm box:$name 2>/dev/null; }
trap cleanup EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM # a signal ends the script by exit, so that EXIT's action runs
mq create -x -M 2 -S 64 $queue

echo "blocking: the receiver waits until a message is there"
(recv $queue) &
send $queue 'it was worth waiting'
wait

echo "non-blocking: an empty queue and a full one are an answer (status 3)"
recv -n $queue 2>/dev/null; echo "empty: $?"
send $queue 1 2
send -n $queue 3 2>/dev/null; echo "full: $?"
recv -a $queue

echo "mailbox: the sender goes on, and nobody is there yet"
send box:$name 'first' 'second'
echo "sent, though there is no receiver"
recv -c 2 box:$name

echo "rendezvous: the sender goes on when the message has been taken"
send -n rdv:$name 'anybody?' 2>/dev/null; echo "no receiver: $?"
send rdv:$name 'here you are' &
recv rdv:$name
wait $! && echo "the sender knows that it was taken"
