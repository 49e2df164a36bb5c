//! The lecture's three signals against the real web servers: TERM, HUP and USR1 by `kill --pidfile`.

use super::*;

/// `begin` starts a server with its private files; `graceful` is the signal upon which it ends its children when they have served their requests.
fn obeys(begin: &str, graceful: &str, more: &str) {
    let dir = Dir::new();
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    prints(
        &dir,
        &format!("port={port} graceful={graceful}\n{begin}\n. \"$TESTS/webserver.sh\""),
        &format!(
            "HUP: same parent, new children\n{graceful}: the request in progress finished\n{more}TERM: all gone\n"
        ),
    );
}

#[test]
fn apache2() {
    if !has("apache2", "command -v apache2 && command -v curl") {
        return;
    }
    obeys(
        "cat >conf <<END\nServerName localhost\nServerRoot $PWD\nPidFile $PWD/pid\nListen 127.0.0.1:$port\nErrorLog $PWD/log\n\
         DocumentRoot $PWD\nLoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so\n\
         LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\nStartServers 2\nMutex file:$PWD default\n\
         LoadModule env_module /usr/lib/apache2/modules/mod_env.so\nEnableSendfile Off\nEND\n\
         apache2 -f $PWD/conf -k start",
        "USR1",
        "",
    );
}

/// To nginx USR1 is "open the logs anew"; its graceful end of the children is in HUP.
#[test]
fn nginx() {
    if !has("nginx", "command -v nginx && command -v curl") {
        return;
    }
    obeys(
        "cat >conf <<END\npid $PWD/pid; error_log $PWD/log; worker_processes 2;\nevents {}\n\
         http { access_log $PWD/access; client_body_temp_path $PWD/b; proxy_temp_path $PWD/p; fastcgi_temp_path $PWD/f; uwsgi_temp_path $PWD/u; scgi_temp_path $PWD/s;\n\
         server { listen 127.0.0.1:$port; root $PWD; } }\nEND\n\
         nginx -c $PWD/conf -e $PWD/log -p $PWD",
        "HUP",
        "USR1: logs opened anew, same children\n",
    );
}
