#!/bin/sh
# Redirections are dup2 (XCU 2.7): from left to right, each one copies what its right side means at that moment.
both() { echo out; echo err >&2; }

echo '-- 2>&1 | : both go through the pipe'
both 2>&1 | sed 's/^/pipe: /'
echo '-- 2>&1 >/dev/null | : 2 becomes the pipe first, then 1 goes away'
both 2>&1 >/dev/null | sed 's/^/pipe: /'
echo '-- 3>&1 1>&2 2>&3 : exchanged, with 3 in the middle'
{ both 3>&1 1>&2 2>&3 3>&- | sed 's/^/pipe: /'; } 2>&1

# A pipe ends when the last copy of its write end is closed: the reader sees the end although a background process still lives.
fifo=$(mktemp -u) && mkfifo "$fifo" || exit
cleanup() { kill $(jobs -p) 2>/dev/null; rm -f "$fifo"; }
trap cleanup EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM # a signal ends the script by exit, so that EXIT's action runs
{ echo one; exec sleep 60 >&-; } >"$fifo" &
cat "$fifo"
kill $!
echo done
