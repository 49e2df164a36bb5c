# A connection in the place of a file name: everything that reads and writes descriptors can use it.
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
