#!/usr/bin/env ipcsh
# The lecture's server: a browser that opens http://localhost:6789/ sees "Hello web browser" and the request that it has sent.
# usage: ipcsh hello-browser.sh [port]          ^C ends it
LC_ALL=C
case $0 in */*) . "${0%/*}/page.lib" ;; *) . ./page.lib ;; esac

# Serve one connection on descriptors 0 and 1: read until the empty line that ends the head of a request, but at most 16 KiB;
# what a client sends beyond is not read into the shell.
serve() {
    request=
    while [ ${#request} -lt 16384 ] && piece=$(sock recv 0 4096 && printf .); do
        request=$request${piece%.}
        case $request in *"$cr$nl$cr$nl"*) break ;; esac
    done
    [ -n "$request" ] || return 0
    answer "$request"
    printf %s "$response"
}

# A process for each connection, at most 200 of them, none for longer than 10 seconds: a client that says nothing harms nobody.
nc -l -k -w 10 --max 200 --exec serve "${1:-6789}"
