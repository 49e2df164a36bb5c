#!/usr/bin/env ipcsh
# A connection in the place of a file name: everything that reads and writes descriptors can use it.
trap 'kill $(jobs -p) 2>/dev/null' EXIT        # the server must not outlive this script
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM
sock socket server inet stream
sock bind "$server" 127.0.0.1:0
sock listen "$server"
address=$(sock getsockname "$server")

(   # the server: one connection, its lines in capitals
    sock accept connection "$server"
    tr a-z A-Z <&"$connection" >&"$connection"
) &
sock close "$server"

exec 3<>"/dev/tcp/${address%:*}/${address##*:}"
echo 'shells can talk' >&3
sock shutdown 3 wr                           # tr waits for the end of its input
cat <&3
exec 3>&-
wait
