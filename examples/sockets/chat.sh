#!/usr/bin/env ipcsh
# A chat between two shells over a UNIX socket. By hand, in two terminals:
#     nc -lU /tmp/chat          and          nc -U /tmp/chat
# Here two functions do the talking; each has the connection as its standard input and output, and 3 is the screen.
folder=$(mktemp -d) || exit
cleanup() { kill $(jobs -p) 2>/dev/null; rm -rf "$folder"; }
trap cleanup EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM # a signal ends the script by exit, so that EXIT's action runs
exec 3>&1

ann() {
    echo "Hello Bob, this is Ann."
    read -r line
    echo "Ann hears: $line" >&3
    echo "Bye."
}
bob() {
    while read -r line; do
        echo "Bob hears: $line" >&3
        case $line in Hello*) echo "Hello Ann." ;; esac
    done
}

nc -lU --exec ann "$folder/chat" &
# Bob may be faster than Ann's socket.
until nc -U --exec bob "$folder/chat" 2>/dev/null; do sleep 0.02; done
wait
ls "$folder"                                 # the socket's file has gone
