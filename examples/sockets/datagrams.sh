#!/usr/bin/env ipcsh
# Datagrams: no connection, no accept. Each message arrives whole or not at all, and recvfrom says from whom.
trap 'kill $(jobs -p) 2>/dev/null' EXIT        # the client must not outlive this script
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM
newline='
'
sock socket server inet dgram
sock bind "$server" 127.0.0.1:0              # port 0: any that is free
address=$(sock getsockname "$server")

(   # the client
    sock socket client inet dgram
    for word in one two three; do
        sock sendto "$client" "$address" "$word"
        echo "the client hears: $(sock recv "$client")"
    done
) &

for i in 1 2 3; do
    received=$(sock recvfrom "$server")      # the sender's address, a newline, the message
    sender=${received%%"$newline"*} message=${received#*"$newline"}
    sock sendto "$server" "$sender" "message $i was: $message"
done
wait
sock close "$server"
