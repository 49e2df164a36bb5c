//! The lecture's three signals against the real web servers: TERM, HUP and USR1 by `kill --pidfile`.

use super::*;

/// A request of 40 slow bytes is under way while the server is told to be graceful; `$begin` starts the server with its private files.
fn obeys(begin: &str, graceful: &str) {
    let dir = Dir::new();
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let code = format!("port={port}\n{begin}\n. \"$TESTS/webserver.sh\"",);
    prints(
        &dir,
        &code.replace("GRACEFUL", graceful),
        "HUP: same parent, new children\nGRACEFUL: the request in progress finished\nTERM: all gone\n"
            .replace("GRACEFUL", graceful)
            .as_str(),
    );
}

#[test]
fn apache2() {
    if !has("apache2", "command -v apache2 && command -v curl") {
        return;
    }
    obeys(
        "graceful=USR1\ncat >conf <<END\nServerName localhost\nServerRoot $PWD\nPidFile $PWD/pid\nListen 127.0.0.1:$port\nErrorLog $PWD/log\n\
         DocumentRoot $PWD\nLoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so\n\
         LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\nStartServers 2\nMutex file:$PWD default\n\
         LoadModule env_module /usr/lib/apache2/modules/mod_env.so\nEnableSendfile Off\nEND\n\
         apache2 -f $PWD/conf -k start",
        "USR1",
    );
}

#[test]
fn nginx() {
    if !has("nginx", "command -v nginx && command -v curl") {
        return;
    }
    // USR1 makes nginx reopen its logs; its graceful end of the children is in HUP.
    obeys(
        "graceful=HUP\ncat >conf <<END\npid $PWD/pid; error_log $PWD/log; worker_processes 2;\nevents {}\n\
         http { access_log off; client_body_temp_path $PWD/b; proxy_temp_path $PWD/p; fastcgi_temp_path $PWD/f; uwsgi_temp_path $PWD/u; scgi_temp_path $PWD/s;\n\
         server { listen 127.0.0.1:$port; root $PWD; } }\nEND\n\
         nginx -c $PWD/conf -e $PWD/log -p $PWD",
        "HUP",
    );
}
