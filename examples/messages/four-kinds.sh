# send and receive over four mechanisms, side by side: who waits for whom, and where the message is meanwhile.
name=example-$$
queue=/ipcsh-$name
trap 'mq rm $queue; ipc rm box:$name 2>/dev/null' EXIT
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
