#!/usr/bin/env ipcsh
# The same server with one command for each system call, in the order of the lecture: socket, bind, listen, accept, recv, send, close.
# usage: ipcsh hello-browser-calls.sh [port]          ^C ends it
LC_ALL=C
case $0 in */*) . "${0%/*}/page.lib" ;; *) . ./page.lib ;; esac

sock socket server inet stream
sock setsockopt "$server" SO_REUSEADDR 1
sock bind "$server" "127.0.0.1:${1:-6789}" || exit
sock listen "$server" 128

# One client after the other: while one is served, the kernel keeps the others waiting. So none may take long.
while sock accept client "$server"; do
    sock setsockopt "$client" SO_RCVTIMEO 2
    sock setsockopt "$client" SO_SNDTIMEO 2
    if request=$(sock recv "$client" 16384 2>/dev/null) && [ -n "$request" ]; then
        answer "$request$nl"
        sock send "$client" "$response" 2>/dev/null
        sock shutdown "$client" wr 2>/dev/null
        # What it still sends is taken and thrown away: closing with something unread would destroy the answer.
        tries=0
        while [ $tries -lt 1000 ] && sock recv "$client" 65536 >/dev/null 2>&1; do tries=$((tries + 1)); done
    fi
    sock close "$client"
done
