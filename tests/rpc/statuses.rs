//! Every status of `rpc call`, and the variables that tell more. Servers that answer what ours never would are made here.

use super::Dir;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// A server that answers each connection by `answer`; its port.
pub fn server(answer: impl Fn(TcpStream) -> std::io::Result<()> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(answer(stream))));
    port
}

/// A server of ONC RPC whose replies are these words behind the xid.
fn onc(words: &'static [u32]) -> u16 {
    server(move |mut stream| {
        let mut mark = [0; 4];
        stream.read_exact(&mut mark)?;
        let mut call = vec![0; (u32::from_be_bytes(mark) & 0x7fff_ffff) as usize];
        stream.read_exact(&mut call)?;
        let mut reply = (0x8000_0000 | (4 + 4 * words.len() as u32)).to_be_bytes().to_vec();
        reply.extend_from_slice(&call[..4]);
        words.iter().for_each(|word| reply.extend_from_slice(&word.to_be_bytes()));
        stream.write_all(&reply)
    })
}

#[test]
fn statuses_of_onc_rpc() {
    const DENIED: u32 = 1;
    let cases: &[(&'static [u32], &str)] = &[
        (&[1, 0, 0, 0, 0, 7], "0 SUCCESS"),
        (&[1, 0, 0, 0, 1], "10 PROG_UNAVAIL"),
        (&[1, 0, 0, 0, 2, 3, 5], "11 PROG_MISMATCH 3 5"),
        (&[1, 0, 0, 0, 3], "12 PROC_UNAVAIL"),
        (&[1, 0, 0, 0, 4], "13 GARBAGE_ARGS"),
        (&[1, 0, 0, 0, 5], "14 SYSTEM_ERR"),
        (&[1, DENIED, 0, 3, 4], "15 RPC_MISMATCH 3 4"),
        (&[1, DENIED, 1, 5], "16 AUTH_ERROR 5"),
        // A result that is too long, a status that there is not, and no reply at all.
        (&[1, 0, 0, 0, 0, 7, 8], "2 CANNOT_DECODE_RESULT 4 bytes are left behind the value"),
        (&[1, 0, 0, 0, 9], "1 CANNOT_DECODE_REPLY the server's answer is no reply: 9 is no status of a reply"),
        (&[2], "1 CANNOT_DECODE_REPLY the server's answer is no reply: this is no reply"),
    ];
    let dir = Dir::new();
    for (words, expected) in cases {
        let port = onc(words);
        let script = format!(
            "rpc call -x 77 -H 127.0.0.1:{port} calc.x::ADD 3 4 >/dev/null 2>&1; echo $? $RPC_STATUS $RPC_DETAIL; echo $RPC_XID $RPC_TRIES"
        );
        let printed = dir.run(&script);
        let (first, second) = printed.split_once('\n').expect("two lines");
        assert_eq!(first, *expected);
        assert!(second.starts_with("77 "), "{second}");
    }
    // 1: no such file; 2: no such procedure, no integer; 18: nobody there, a server that closes; 124: one that is silent.
    let (closing, silent) = (server(|_| Ok(())), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let silent_port = silent.local_addr().expect("an address").port();
    let printed = dir.run(&format!(
        "for call in 'nothing.x::ADD 1 2' 'calc.x::NOTHING' 'calc.x::ADD 1 x' 'calc.x::ADD 1'; do rpc call -H 127.0.0.1:1 $call 2>/dev/null; echo $?; done
         rpc call -H 127.0.0.1:1 calc.x::ADD 1 2 2>/dev/null; echo $? $RPC_STATUS
         rpc call -H 127.0.0.1:{closing} calc.x::ADD 1 2 2>/dev/null; echo $? $RPC_STATUS
         rpc call -t 0.1 -r 2 -H 127.0.0.1:{silent_port} calc.x::ADD 1 2 2>/dev/null; echo $? $RPC_STATUS $RPC_TRIES
         rpc call -Q; echo $?; rpc call --help | head -n 1 | cut -c 1-6"
    ));
    let expected = "1\n2\n2\n2\n18 CANNOT_CONNECT\n18 CONNECTION_LOST\n124 TIMEDOUT 2\n1\nusage:\n";
    assert!(printed.starts_with(expected), "{printed}");
    let errors: Vec<&str> = printed[expected.len()..].lines().collect();
    assert!(errors.len() == 2 && errors[1].starts_with("usage: rpc "), "one line of usage: {printed}");
}

#[test]
fn statuses_of_json_rpc() {
    let dir = Dir::new();
    let codes =
        [(-32700, 20), (-32600, 21), (-32601, 22), (-32602, 23), (-32603, 24), (-32000, 25), (-32099, 25), (7, 25)];
    for (code, status) in codes {
        let port = server(move |stream| {
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line)?;
            writeln!(&stream, r#"{{"jsonrpc":"2.0","error":{{"code":{code},"message":"why"}},"id":null}}"#)
        });
        let printed =
            dir.run(&format!("rpc call json+tcp:127.0.0.1:{port} m 2>/dev/null; echo $? $RPC_STATUS $RPC_DETAIL"));
        assert_eq!(printed, format!("{status} {code} why\n"));
    }
    let port = server(|stream| {
        BufReader::new(&stream).read_line(&mut String::new())?;
        writeln!(&stream, "nonsense")
    });
    let printed = dir.run(&format!(
        "rpc call json+tcp:127.0.0.1:{port} m 2>/dev/null; echo $? $RPC_STATUS
         rpc call json+tcp:127.0.0.1:1 m 2>/dev/null; echo $?; rpc call json+unix:nothing m 2>/dev/null; echo $?
         rpc call json+tcp:nonsense m 2>/dev/null; echo $?"
    ));
    assert_eq!(printed, "1 CANNOT_DECODE_REPLY\n18\n18\n1\n");
}
