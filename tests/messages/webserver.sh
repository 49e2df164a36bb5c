# A server that has just been started listens on 127.0.0.1:$port, its parent's id is in the file `pid`. $graceful: its graceful signal.
until [ -s pid ] && curl -s -o page http://127.0.0.1:$port/; do sleep 0.02; done
parent=$(cat pid)
trap 'kill -KILL $parent 2>/dev/null' EXIT
children() { ps -o pid= --ppid $parent | tr -d ' ' | sort; }
new_children() { # wait until none of $old is left and there are new ones
    until now=$(children); [ "$now" ] && ! { for p in $old; do echo $p; done | grep -qxF "$now"; }; do sleep 0.02; done
}

old=$(children)
kill -HUP --pidfile pid || echo "HUP failed"
new_children
[ "$(cat pid)" = $parent ] && kill -0 $parent && echo "HUP: same parent, new children"

# A big page is under way, which the client reads only to its half, when the signal comes.
until curl -s -o page http://127.0.0.1:$port/; do sleep 0.02; done
head -c 20000000 /dev/zero >big
chmod 755 . && chmod 644 big
exec 5<>/dev/tcp/127.0.0.1/$port
printf 'GET /big HTTP/1.0\r\n\r\n' >&5
head -c 1000000 <&5 >first
old=$(children)
kill -$graceful --pidfile pid || echo "$graceful failed"
until [ "$(children)" != "$old" ]; do sleep 0.02; done # one child has been replaced, another serves on
cat <&5 >rest
exec 5>&-
[ $(cat first rest | wc -c) -gt 20000000 ] && echo "$graceful: the request in progress finished"
new_children

# As logrotate does it: the log is moved away, and the server writes to the old file until it is told.
if [ -e access ]; then
    old=$(children)
    mv access access.1
    kill -USR1 --pidfile pid || echo "USR1 failed"
    until [ -e access ] && curl -s -o page http://127.0.0.1:$port/rotated && grep -q /rotated access; do sleep 0.02; done
    [ "$(children)" = "$old" ] && grep -q 'GET /big' access.1 && echo "USR1: logs opened anew, same children"
fi

kill -w20 -TERM --pidfile pid || echo "TERM failed: $?"
[ "$(children)" ] || echo "TERM: all gone"
