# The lecture's three commands against a server: kill -TERM, -HUP and -USR1 `cat httpd.pid`.
folder=$(mktemp -d) || exit
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/requests" "$folder/gate"
cd "$folder" || exit
exec 7<>requests 6<>gate

until_log() { # wait for a line of the log
    until grep -q "$1" log 2>/dev/null; do sleep 0.01; done
}

echo greeting=hello >httpd.conf
ipcsh "$OLDPWD/httpd.sh" "$folder" &
until [ -s httpd.pid ]; do sleep 0.01; done
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
