#!/usr/bin/env ipcsh
# The lecture's three commands against a server: kill -TERM, -HUP and -USR1 `cat httpd.pid`.
folder=$(mktemp -d) || exit
server=
cleanup() { # the server ends its children, and must have ended before its folder goes
    [ "$server" ] && kill "$server" 2>/dev/null && wait "$server"
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM # a signal ends the script by exit, so that EXIT's action runs
mkfifo "$folder/requests" "$folder/gate"
cd "$folder" || exit
exec 7<>requests 6<>gate

patiently() { # until the command succeeds; after half a minute something is wrong
    tries=3000
    until "$@"; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || { echo "gave up waiting for: $*" >&2; exit 1; }
        sleep 0.01
    done
}
until_log() { patiently grep -qs "$1" log; } # wait for a line of the log

echo greeting=hello >httpd.conf
# (by the shell that runs this script, wherever it is)
"$(readlink /proc/$$/exe)" "$OLDPWD/httpd.sh" "$folder" &
server=$!
patiently [ -s httpd.pid ]
parent=$(cat httpd.pid)

send fifo:requests one
until_log 'hello one'

echo "HUP: the parent stays, and reads its configuration"
echo greeting=bonjour >httpd.conf
kill -HUP `cat httpd.pid`
until_log restarted
send fifo:requests two
until_log 'bonjour two'
[ "$(cat httpd.pid)" = "$parent" ] && echo "the parent is the same"

echo "USR1: a request in progress is finished"
send fifo:requests slow
until_log 'begins slow'
echo greeting=hola >httpd.conf
kill -USR1 `cat httpd.pid`
send fifo:gate go
until_log gracefully
send fifo:requests three
until_log 'hola three'

echo "TERM: parent and children are gone"
kill -w -TERM `cat httpd.pid`
wait
[ -e httpd.pid ] || echo "the pid file is removed"
echo "the log:"
cat log
