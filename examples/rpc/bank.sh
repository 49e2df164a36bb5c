#!/usr/bin/env ipcsh
# Call semantics: ten withdrawals of 10 from an account of 200, over a network that loses three replies of ten.
# The client hears nothing and asks again, with the same xid. Was it the request that was lost, or the reply?
log=$(mktemp) || exit
cleanup() { kill $(jobs -p) 2>/dev/null; rm -f "$log"; }
trap cleanup EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM # a signal ends the script by exit, so that EXIT's action runs

balance=200 executed=0
BALANCE() { echo "$balance"; }
WITHDRAW() {
    executed=$((executed + 1)) balance=$((balance - amount))
    echo "$balance"
}

for semantics in at-least-once at-most-once; do
    : >"$log"
    rpc serve -b udp:0 --semantics="$semantics" --drop-reply=0.3 --seed=1 bank.x 2>"$log" &
    server=$!
    until read -r _ _ _ place <"$log"; do :; done # "rpc: listening on udp:127.0.0.1:PORT"
    at="-T udp -t 0.3 -r 9 -H 127.0.0.1:${place##*:}"

    tries=0
    for call in 1 2 3 4 5 6 7 8 9 10; do
        rpc call $at bank.x::WITHDRAW 10 >/dev/null
        tries=$((tries + RPC_TRIES))
    done
    left=$(rpc call $at bank.x::BALANCE)

    [ "$tries" -gt 10 ] && asked='more than ten requests'
    if [ "$left" -eq 100 ]; then
        echo "$semantics: ten withdrawals, $asked, ten executed: 100 are left, as it should be"
    else
        [ "$left" -lt 100 ] && echo "$semantics: ten withdrawals, $asked, more than ten executed: less than 100 are left"
    fi
    kill "$server"
    wait "$server" || : # 143: TERM has ended it
done
