//! Bytes on the wire, as real programs were seen to send them.

use super::{Dir, Server};
use std::io::{Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::Duration;

const CALC: u32 = 0x2000_0042;

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// A call without credentials.
fn call(xid: u32, target: [u32; 3], arguments: &[u32]) -> Vec<u8> {
    let head = [xid, 0, 2, target[0], target[1], target[2], 0, 0, 0, 0];
    [words(&head), words(arguments)].concat()
}

fn reply(stream: &mut TcpStream) -> Vec<u8> {
    let mut mark = [0; 4];
    stream.read_exact(&mut mark).expect("a reply");
    let mut record = vec![0; (u32::from_be_bytes(mark) & 0x7fff_ffff) as usize];
    stream.read_exact(&mut record).expect("a whole reply");
    record
}

#[test]
fn replies_byte_for_byte() {
    let dir = Dir::new();
    let server = Server::start(&dir, "rpc serve -b tcp:0 calc.x", 1);
    let mut stream = TcpStream::connect(("127.0.0.1", server.ports[0])).expect("the server listens");
    let cases: &[(Vec<u8>, &[u32])] = &[
        (call(7, [CALC, 1, 0], &[]), &[7, 1, 0, 0, 0, 0]),
        (call(8, [CALC, 1, 1], &[40, 2]), &[8, 1, 0, 0, 0, 0, 42]),
        (call(9, [CALC, 1, 9], &[]), &[9, 1, 0, 0, 0, 3]),
        (call(10, [CALC, 4, 1], &[1, 2]), &[10, 1, 0, 0, 0, 2, 1, 1]),
        (call(11, [CALC, 1, 1], &[1]), &[11, 1, 0, 0, 0, 4]),
        (call(12, [CALC + 1, 1, 1], &[1, 2]), &[12, 1, 0, 0, 0, 1]),
        // Version 3 of RPC.
        (words(&[13, 0, 3, CALC, 1, 0, 0, 0, 0, 0]), &[13, 1, 1, 0, 2, 2]),
        // AUTH_SYS: time, host "ab", user, group, no groups.
        (words(&[14, 0, 2, CALC, 1, 1, 1, 24, 5, 2, 0x6162_0000, 0, 0, 0, 0, 0, 1, 2]), &[14, 1, 0, 0, 0, 0, 3]),
    ];
    for (message, expected) in cases {
        stream.write_all(&(0x8000_0000 | message.len() as u32).to_be_bytes()).expect("the server reads");
        stream.write_all(message).expect("the server reads");
        assert_eq!(reply(&mut stream), words(expected));
    }
    // A record in fragments of ten bytes.
    let message = call(15, [CALC, 1, 1], &[1, 2]);
    let pieces = message.chunks(10).count();
    for (index, piece) in message.chunks(10).enumerate() {
        let last = if index + 1 == pieces { 0x8000_0000 } else { 0 };
        stream.write_all(&(last | piece.len() as u32).to_be_bytes()).expect("the server reads");
        stream.write_all(piece).expect("the server reads");
    }
    assert_eq!(reply(&mut stream), words(&[15, 1, 0, 0, 0, 0, 3]));
}

/// The same xid three times over UDP ran three times, or once.
#[test]
fn the_same_call_three_times() {
    let dir = Dir::new();
    for (semantics, expected) in [("at-least-once", [1, 2, 3]), ("at-most-once", [1, 1, 1])] {
        let script =
            format!("n=0; ADD() {{ echo $((n = n + 1)); }}; rpc serve -b udp:0 --semantics={semantics} calc.x");
        let server = Server::start(&dir, &script, 1);
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.connect(("127.0.0.1", server.ports[0])).expect("an address");
        socket.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
        for expected in expected {
            socket.send(&call(5, [CALC, 1, 1], &[0, 0])).expect("sent");
            let mut buffer = [0; 100];
            let length = socket.recv(&mut buffer).expect("a reply");
            assert_eq!(buffer[..length], words(&[5, 1, 0, 0, 0, 0, expected]), "{semantics}");
        }
        // Another client with the same xid is somebody else.
        let other = UdpSocket::bind("127.0.0.1:0").expect("a port");
        other.send_to(&call(5, [CALC, 1, 1], &[0, 0]), ("127.0.0.1", server.ports[0])).expect("sent");
        other.set_read_timeout(Some(Duration::from_secs(20))).expect("a time");
        let mut buffer = [0; 100];
        let length = other.recv(&mut buffer).expect("a reply");
        assert_eq!(buffer[length - 1], expected[2] as u8 + 1, "{semantics}");
    }
}
