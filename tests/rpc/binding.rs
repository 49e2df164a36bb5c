//! rpcbind, which knows where programs are.

use super::{Dir, HELPERS, has};

/// A real rpcbind: register, find, list, take back; and rpcinfo sees the same.
#[test]
fn rpcbind_knows_our_programs() {
    if !has("rpcbind") || !has("rpcinfo") || !has("unshare") || !has("ip") {
        return;
    }
    if !nix::unistd::geteuid().is_root() {
        return println!("skipped: needs root, for a network namespace with a port 111 of its own");
    }
    let dir = Dir::new();
    // A namespace of networks and mounts: nobody's rpcbind is met, and its socket file is not left behind.
    dir.file(
        "inside.sh",
        &format!(
            "{HELPERS}
             ip link set lo up; mount -t tmpfs none /run; rpcbind -f & binder=$!
             until rpc list >/dev/null 2>&1; do kill -0 $binder || exit; done
             rpc call calc.x::ADD 1 2 2>/dev/null; echo $? $RPC_STATUS
             serve --register -b tcp:0 -b udp:0 calc.x
             until rpcinfo -T udp 127.0.0.1 536870978 1 >/dev/null 2>&1; do :; done
             rpc call calc.x::ADD 1 2; rpc call -T udp calc.x::ADD 3 4
             rpcinfo -T tcp 127.0.0.1 536870978; rpc ping 127.0.0.1 536870978
             rpc list | grep -c 536870978; rpc bind 99999 1 tcp 1234; rpcinfo -p | grep -c 99999; rpc unbind 99999 1 tcp 1234; rpcinfo -p | grep -c 99999
             kill $server; wait $server; rpcinfo -p | grep -c 536870978
             rpc call -H ::1 calc.x::ADD 1 2 2>/dev/null; echo $?
             serve --register -b tcp:[::1]:0 -b udp:[::1]:0 calc.x
             until rpcinfo -T udp6 ::1 536870978 1 >/dev/null 2>&1; do :; done
             rpc call -H ::1 calc.x::ADD 5 6; rpc call -T udp -H ::1 calc.x::ADD 7 8
             rpcinfo -T tcp6 ::1 536870978; rpc ping -T tcp ::1 536870978; rpc list ::1 | grep -c '536870978 .*tcp6'
             rpc bind 99998 1 tcp6 1234; rpcinfo | grep -c '99998 .*tcp6 .*::1.4.210'; rpc unbind 99998 1 tcp6; rpcinfo | grep -c 99998
             rpc call -H 127.0.0.1 calc.x::ADD 1 2 2>/dev/null; echo $?
             printf '%s\n' '127.0.0.1 both' '::1 both' >hosts; mount --bind hosts /etc/hosts; rpc call -H both calc.x::ADD 2 2
             kill $server; wait $server; rpcinfo | grep -c 536870978; kill $binder; wait $binder"
        ),
    );
    let printed = dir.run(&format!("unshare -n -m -p -f --kill-child {} inside.sh", env!("CARGO_BIN_EXE_ipcsh")));
    let expected = "17 PROG_NOT_REGISTERED\n3\n7\nprogram 536870978 version 1 ready and waiting\nprogram 536870978 version 1 ready and waiting\n";
    assert!(printed.starts_with(expected), "{printed}");
    let expected = "\n1\n0\n0\n17\n11\n15\nprogram 536870978 version 1 ready and waiting\nprogram 536870978 version 1 ready and waiting\n1\n1\n0\n17\n4\n0\n";
    assert!(printed.ends_with(expected), "{printed}");
}
