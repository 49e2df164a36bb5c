#!/usr/bin/env ipcsh
# A server that obeys the three signals of Apache httpd: a parent that only looks after its children, and children that do the work.
#
#   TERM  stop at once: the parent ends its children, and itself (INT, which is ^C, too: the children ignore that, as all do that `&` starts)
#   HUP   restart: the children are ended at once, the configuration is read again, the parent stays
#   USR1  graceful: each child finishes its request, and is then replaced by one with the new configuration
#
# usage: httpd.sh FOLDER     FOLDER/httpd.conf holds `greeting=WORD`; requests come through the named pipe FOLDER/requests
cd "$1" || exit
children=

child() { # each child takes requests from the pipe, one at a time
    . ./httpd.conf
    leaving=
    trap 'leaving=yes' USR1
    trap 'exit' TERM
    until [ "$leaving" ]; do
        request= # a trapped signal ends a wait for a request, and never cuts a request in two
        recv -t 1 -v request fifo:requests 2>/dev/null || continue
        echo "child begins $request" >>log
        case $request in slow*) recv fifo:gate >/dev/null ;; esac # a request that takes its time
        echo "$greeting $request" >>log
    done
    exit 0
}

start() { # three children, which share the work
    for _ in 1 2 3; do child & children="$children $!"; done
}

trap 'echo "parent: $SIG_NAME from a process of user $SIG_UID" >>log.signals; action=$SIG_NAME' TERM INT HUP USR1
exec 8<>requests 9<>gate # held open, so that nobody sees an end of the pipes
start
echo $$ >httpd.pid # whoever finds the file finds a server that is ready
action=
while :; do
    [ "$action" ] || wait
    now=$action action=
    case $now in
    TERM | INT)
        kill -w -TERM $children
        rm -f httpd.pid
        echo "parent: stopped" >>log
        exit 0 ;;
    HUP)
        kill -w -TERM $children
        children=; start
        echo "parent: restarted" >>log ;;
    USR1)
        old=$children children=
        kill -w -USR1 $old
        start
        echo "parent: replaced its children gracefully" >>log ;;
    esac
done
