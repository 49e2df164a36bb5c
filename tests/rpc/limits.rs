//! Peers that are slow, that never stop, or that want more than there is: nothing is damaged, and nobody waits for ever.

use super::statuses::server;
use super::{Dir, Server};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The time for a try ends in the middle of a long call: the next try sends the rest, and not the beginning of another record into this one.
#[test]
fn a_retry_in_the_middle_of_a_call() {
    let port = server(|mut stream| {
        // It is slow to begin with; the first tries are over by then.
        std::thread::sleep(Duration::from_millis(800));
        let mut mark = [0; 4];
        stream.read_exact(&mut mark)?;
        let mut call = vec![0; (u32::from_be_bytes(mark) & 0x7fff_ffff) as usize];
        stream.read_exact(&mut call)?;
        let is_whole = call.len() > 12_000_000 && call[call.len() - 12_000_000..].iter().all(|&byte| byte == b'x');
        let mut reply = words(&[0x8000_001c]);
        reply.extend_from_slice(&call[..4]);
        reply.extend(words(&[1, 0, 0, 0, 0, u32::from(is_whole)]));
        stream.write_all(&reply)?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    });
    let dir = Dir::new();
    let printed = dir.run(&format!(
        "text=$(head -c 12000000 /dev/zero | tr '\\0' x)
         rpc call -t 0.2 -r 8 127.0.0.1:{port} 77 1 1 string \"$text\" '->' int; echo $?; [ $RPC_TRIES -gt 1 ] && echo again"
    ));
    assert_eq!(printed, "1\n0\nagain\n");
}

/// A server that sends for ever without an answer: the time is up, and a signal ends the call.
#[test]
fn a_server_that_never_stops() {
    let dir = Dir::new();
    let folder = dir.0.clone();
    let flood = |what: Vec<u8>, folder: PathBuf| {
        server(move |mut stream| {
            stream.read_exact(&mut [0; 4])?;
            loop {
                stream.write_all(&what)?;
                std::fs::write(folder.join("flooded"), "")?;
            }
        })
    };
    // Replies to a call with another xid.
    let onc = flood(words(&[0x8000_001c, 1, 1, 0, 0, 0, 0, 5]).repeat(2000), folder.clone());
    let http = flood(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(2000), folder.clone());
    let told = flood(b"\n{\"jsonrpc\":\"2.0\",\"method\":\"m\"}\n".repeat(2000), folder);
    for (call, arguments) in [
        ("call", format!("127.0.0.1:{onc} 77 1 1")),
        ("call", format!("json+http://127.0.0.1:{http}/ m")),
        ("call", format!("json+tcp:127.0.0.1:{told} m")),
        ("batch", format!("json+tcp:127.0.0.1:{told} -")),
    ] {
        let printed = dir.run(&format!(
            "say() {{ echo '{{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":1}}'; }}
             say | rpc {call} -t 0.3 {arguments} 2>/dev/null; echo $?; rm -f flooded
             say | rpc {call} -t 40 {arguments} & until [ -e flooded ]; do :; done; kill $!; wait $!; echo $?; rm flooded"
        ));
        assert_eq!(printed, "124\n143\n", "{call} {arguments}");
    }
}

/// A server that has every version but those that it is asked for is asked twice.
#[test]
fn a_server_without_an_end_of_versions() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let port = socket.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        let mut call = [0; 100];
        while let Ok((_, from)) = socket.recv_from(&mut call) {
            let reply = [&call[..4], &words(&[1, 0, 0, 0, 2, u32::MAX, u32::MAX])].concat();
            let _ = socket.send_to(&reply, from);
        }
    });
    let printed = Dir::new().run(&format!("rpc ping -t 20 -r 1 127.0.0.1:{port} 77 2>/dev/null; echo $?"));
    assert_eq!(printed, "11\n");
}

/// What is no answer may come before the answer.
#[test]
fn what_a_json_server_says_besides() {
    let port = server(|stream| {
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line)?;
        let call: serde_json::Value = serde_json::from_str(&line)?;
        let call = if call.is_array() { call[0].clone() } else { call };
        let id = &call["id"];
        write!(&stream, "\n{{\"jsonrpc\":\"2.0\",\"method\":\"progress\",\"params\":[1]}}\r\n")?;
        match call["method"].as_str() {
            Some("good") => writeln!(&stream, r#"{{"jsonrpc":"2.0","result":1.50,"id":{id}}}"#),
            Some("many") => writeln!(&stream, r#"[{{"jsonrpc":"2.0","result":2,"id":{id}}}]"#),
            _ => writeln!(&stream, r#"{{"jsonrpc":"2.0","result":1,"id":"another"}}"#),
        }
    });
    let printed = Dir::new().run(&format!(
        "at=json+tcp:127.0.0.1:{port}; rpc call $at good
         echo '{{\"jsonrpc\":\"2.0\",\"method\":\"many\",\"id\":1e400}}' | rpc batch $at -
         rpc call $at other 2>/dev/null; echo $? $RPC_STATUS $RPC_DETAIL"
    ));
    let expected = "1.50\n{\"jsonrpc\":\"2.0\",\"result\":2,\"id\":1e+400}\n\
        1 CANNOT_DECODE_REPLY the server's answer is no reply: it answers another request\n";
    assert_eq!(printed, expected);
}

/// The name of an IPv6 host stands in brackets.
#[test]
fn http_over_ipv6() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else {
        return println!("skipped: needs IPv6");
    };
    let port = listener.local_addr().expect("an address").port();
    let head = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        let lines = BufReader::new(&stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
        let head = lines.collect::<Vec<_>>().join("\n");
        write!(&stream, "HTTP/1.1 204 No Content\r\n\r\n").expect("the client reads");
        head
    });
    Dir::new().run(&format!("rpc call -o json+http://[::1]:{port}/ m"));
    let head = head.join().expect("a call");
    assert!(head.contains(&format!("\nHost: [::1]:{port}\n")), "{head}");
}

/// Who is refused in the middle of a long message is told so: the connection is not reset over it.
#[test]
fn refusals_arrive() {
    let dir = Dir::new();
    let server = Server::start(&dir, "f() { echo called >called; }; rpc serve json+http:0 f", 1);
    for (head, status) in [
        ("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "413"),
        ("PUT / HTTP/1.1\r\nContent-Length: 8000000\r\n\r\n", "405"),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501"),
        ("POST / HTTP/1.1\r\nContent-Length : 2\r\n\r\n", "400"),
        (
            "POST / HTTP/1.1\r\nContent-Type: text/plain\r\nOrigin: http://example.com\r\nContent-Length: 8000000\r\n\r\n",
            "403",
        ),
    ] {
        let mut stream = TcpStream::connect(("127.0.0.1", server.ports[0])).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
        stream.write_all(head.as_bytes()).expect("the server reads");
        let mut body = br#"{"jsonrpc":"2.0","method":"f","id":1}"#.to_vec();
        body.resize(8_000_000, b' ');
        stream.write_all(&body).unwrap_or_else(|error| panic!("{status}: the server reads on: {error}"));
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap_or_else(|error| panic!("{status}: {error}"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{head}{answer}");
    }
    assert!(!dir.0.join("called").exists());
}

/// Long answers to clients that do not read them: the server keeps some of them, and the others' connections end.
#[test]
fn answers_that_nobody_reads() {
    let dir = Dir::new();
    dir.file("big.x", "program BIG { version ONE { string LONG(void) = 1; } = 1; } = 536870978;");
    let script = "text=$(head -c 8000000 /dev/zero | tr '\\0' x); LONG() { echo $text; }; rpc serve -b tcp:0 big.x";
    let server = Server::start(&dir, script, 1);
    let call = words(&[0x8000_0028, 7, 0, 2, 0x2000_0042, 1, 1, 0, 0, 0, 0]);
    let connect = || TcpStream::connect(("127.0.0.1", server.ports[0])).expect("the server listens");
    let greedy: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = connect();
            stream.write_all(&call).expect("the server reads");
            // It has been answered when something has come.
            stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time");
            stream.peek(&mut [0]).expect("an answer");
            stream
        })
        .collect();
    let kept = server.kilobytes("VmRSS");
    assert!(kept < 150_000, "{kept} kB for answers that nobody reads");
    drop(greedy);
    let mut polite = connect();
    polite.write_all(&call).expect("the server reads");
    polite.read_exact(&mut vec![0; 4 + 24 + 4 + 8_000_000]).expect("the whole answer");
}

/// An answer that is too long for a datagram is an error that the client sees.
#[test]
fn a_result_that_is_too_long_for_a_datagram() {
    let dir = Dir::new();
    let printed = dir.run(
        "SHOUT() { head -c 70000 /dev/zero | tr '\\0' x; }; serve -b udp:0 calc.x
         rpc call -T udp -H 127.0.0.1:$port calc.x::SHOUT a 2>/dev/null; echo $? $RPC_STATUS $RPC_TRIES; stop; tail -n 1 log",
    );
    let (out, errors) = printed.split_once('\n').unwrap_or_default();
    assert_eq!(out, "14 SYSTEM_ERR 1");
    assert!(errors.ends_with("bytes is too long for a datagram: the call needs -T tcp\n"), "{errors}");
}
