#!/usr/bin/env ipcsh
# A remote procedure call, with both sides in one file. The interface is calc.x.
directory=$(mktemp -d) || exit
cleanup() { kill $(jobs -p) 2>/dev/null; rm -rf "$directory"; }
trap cleanup EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM # a signal ends the script by exit, so that EXIT's action runs
socket=$directory/calc

# The server: a procedure is a function. Its arguments are variables with the names of the interface (and $1, $2 ...), what it
# prints is the result.
ADD() { echo $((a + b)); }
DIV() { if [ "$b" -eq 0 ]; then echo err=DIVISION_BY_ZERO; else echo "err=OK value=$((a / b))"; fi; }
SHOUT() { printf '%s\n' "$1" | tr a-z A-Z; }
rpc serve -b "unix:$socket" calc.x &
server=$!

# The client: `import` makes functions of the procedures, which marshal their arguments, call, and print the result.
unset -f ADD DIV SHOUT
rpc import -T unix -H "$socket" calc.x
until NULL 2>/dev/null; do :; done # until the server listens

echo "2 + 3 = $(ADD 2 3)"
echo "by name: $(ADD b=40 a=2)"
DIV 7 2
DIV 7 0
SHOUT 'a procedure in another process'
echo "constants are variables: SCALE=$SCALE DIVISION_BY_ZERO=$DIVISION_BY_ZERO"
ADD 1 x 2>/dev/null
echo "a value that is no int never leaves the client: status $?"

kill "$server"
wait "$server" || : # 143: TERM has ended it
