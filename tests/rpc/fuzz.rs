//! Random and damaged input for everything that reads bytes from elsewhere: XDR, the interface language, record marking, messages, values as text,
//! JSON-RPC and HTTP. Nothing may panic or hang; what is accepted must be what it says.
//!
//! Runs for a second; `IPCSH_FUZZ_SECONDS` asks for more, and `IPCSH_FUZZ_SEED` begins somewhere else. A failure tells the seed of its round, and
//! `--nocapture` how many rounds there were.

use ipcsh::ipc::rpc::frame::{Framing, Reader};
use ipcsh::ipc::rpc::http::Side;
use ipcsh::ipc::rpc::interface::{Interface, Length, Type};
use ipcsh::ipc::rpc::record::record;
use ipcsh::ipc::rpc::xdr::{self, Value};
use ipcsh::ipc::rpc::{idl, json, onc, text};
use std::time::{Duration, Instant};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.next() as u8).collect()
    }

    /// A few bytes changed, left out, doubled, or moved.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        const NASTY: [[u8; 4]; 5] = [[0xff; 4], [0x7f, 0xff, 0xff, 0xff], [0x80, 0, 0, 0], [0; 4], [0, 0, 0, 1]];
        for _ in 0..1 + self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(9)).min(bytes.len());
            match self.below(5) {
                0 if at < bytes.len() => bytes[at] = self.next() as u8,
                1 => drop(bytes.drain(at..end)),
                2 => bytes.truncate(at),
                3 => {
                    let piece = bytes[at..end].to_vec();
                    bytes.splice(at..at, piece);
                }
                _ => {
                    let nasty = NASTY[self.below(NASTY.len())];
                    let at = at & !3;
                    bytes.splice(at..(at + 4).min(bytes.len()), nasty);
                }
            }
        }
    }
}

/// Rounds until the time is over, each with a seed of its own.
fn rounds(mut round: impl FnMut(&mut Random)) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let time = Duration::from_secs(number("IPCSH_FUZZ_SECONDS").unwrap_or(1));
    let start = Instant::now();
    let first = number("IPCSH_FUZZ_SEED").unwrap_or(1);
    for seed in first.. {
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| round(&mut Random(seed))));
        assert!(result.is_ok(), "IPCSH_FUZZ_SEED={seed}");
        if start.elapsed() >= time {
            let test = std::thread::current().name().unwrap_or_default().to_owned();
            return println!("{test}: {} rounds", seed - first + 1);
        }
    }
}

/// Every type there is, inside of every other kind of type.
const ZOO: &str = "
const FEW = 3;
enum kind { NONE, SMALL = 5, NEGATIVE = -7 };
typedef opaque fixed[5]; typedef opaque variable<7>; typedef string name<9>; typedef hyper large; typedef unsigned hyper larger;
typedef int none[0]; typedef none nones<4>;
struct pair { char a; unsigned short b; };
union answer switch (int err) { case 0: pair value; case 1: case 2: name why; default: void; };
union strict switch (kind which) { case NONE: void; case SMALL: float small; };
union choice switch (bool yes) { case TRUE: double number; case FALSE: nones nothing; };
typedef struct node *list;
struct node { int item; name text; list next; };
struct only { only *more; };
struct tree { tree *left; unsigned item; tree *right; };
struct all { kind k; fixed f; variable v; name n; large l; larger m; pair p[FEW]; answer a<FEW>; strict *s; choice c; list nodes; only o; tree *t; bool b; double d; };
";

fn zoo() -> Interface {
    idl::parse("zoo.x", ZOO.as_bytes()).unwrap_or_else(|error| panic!("{}", error.message()))
}

/// A value of a type, of limited size.
fn value(random: &mut Random, interface: &Interface, kind: &Type, depth: usize) -> Value {
    let count = |random: &mut Random, length: &Length| match length {
        Length::Fixed(count) => *count as usize,
        Length::Variable(most) => random.below((*most as usize).min(6) + 1),
    };
    match interface.resolve(kind) {
        Type::Void | Type::Named(_) => Value::Void,
        Type::Integer { signed, bits } => {
            let (least, most) = xdr::range(*signed, *bits);
            let number = least + i128::from(random.next()) % (most - least + 1);
            Value::Integer([least, most, number, number][random.below(4)])
        }
        Type::Float => Value::Float([0.5, -1e30, f32::INFINITY, random.below(1000) as f32][random.below(4)]),
        Type::Double => Value::Double([0.1, -1e300, f64::NEG_INFINITY, random.next() as f64][random.below(4)]),
        Type::Bool => Value::Integer(random.below(2) as i128),
        Type::String(most) => Value::Bytes(random.bytes((*most as usize).min(9))),
        Type::Opaque(length) => Value::Bytes((0..count(random, length)).map(|_| random.next() as u8).collect()),
        Type::Array(element, length) => {
            Value::Array((0..count(random, length)).map(|_| value(random, interface, element, depth + 1)).collect())
        }
        Type::Enum(members) => Value::Integer(i128::from(members[random.below(members.len())].1)),
        Type::Struct(fields) => {
            Value::Struct(fields.iter().map(|field| value(random, interface, &field.kind, depth + 1)).collect())
        }
        Type::Union(union) => {
            let (chosen, arm) = &union.arms[random.below(union.arms.len())];
            let inside = arm.as_ref().map_or(Value::Void, |arm| value(random, interface, &arm.kind, depth + 1));
            Value::Union(*chosen, Box::new(inside))
        }
        Type::Optional(element) => match interface.list_fields(element).and_then(<[_]>::split_last) {
            Some((_, fields)) => {
                let length = if depth > 12 { 0 } else { random.below(4) };
                let fields = || fields.iter().cycle().take(fields.len() * length);
                Value::List {
                    length,
                    values: fields().map(|next| value(random, interface, &next.kind, depth + 1)).collect(),
                }
            }
            None if depth > 12 || random.below(2) == 0 => Value::Optional(None),
            None => Value::Optional(Some(Box::new(value(random, interface, element, depth + 1)))),
        },
    }
}

#[test]
fn values_survive_and_damaged_ones_are_noticed() {
    let interface = zoo();
    let encode = |kind: &Type, value: &Value| {
        let mut bytes = Vec::new();
        xdr::encode(&interface, kind, value, &mut bytes).map(|()| bytes)
    };
    rounds(|random| {
        let kind = Type::Named(random.below(interface.types.len()));
        let value = value(random, &interface, &kind, 0);
        let mut bytes = encode(&kind, &value).unwrap_or_else(|error| panic!("{error}: {value:?}"));
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(xdr::decode(&interface, &kind, &bytes).as_ref(), Ok(&value));
        let mut words = Vec::new();
        text::nested(&interface, &kind, &value, &mut words);
        let shown = String::from_utf8_lossy(&words).into_owned();
        assert_eq!(text::alone(&interface, &kind, &words).as_ref(), Ok(&value), "{shown}");
        let printed = text::json_line(&interface, &kind, &value);
        assert!(serde_json::from_slice::<serde_json::Value>(&printed).is_ok(), "{shown}");
        // What is read from damaged bytes has exactly these bytes: XDR has one form for each value.
        random.damage(&mut bytes);
        if let Ok(other) = xdr::decode(&interface, &kind, &bytes) {
            assert_eq!(encode(&kind, &other).as_ref(), Ok(&bytes), "{other:?}");
        }
        random.damage(&mut words);
        if let Ok(other) = text::alone(&interface, &kind, &words) {
            let _ = encode(&kind, &other);
        }
        let _ = text::result(&interface, &kind, &words);
        let noise = random.bytes(60);
        let _ = (xdr::decode(&interface, &kind, &noise), text::result(&interface, &kind, &noise));
    });
}

#[test]
fn interface_files_that_are_damaged() {
    let mut sources = vec![ZOO.as_bytes().to_vec(), include_bytes!("../../examples/rpc/calc.x").to_vec()];
    let folder = std::fs::read_dir("/usr/include/rpcsvc").into_iter().flatten().flatten().map(|entry| entry.path());
    sources.extend(folder.filter(|path| path.extension().is_some_and(|end| end == "x")).flat_map(std::fs::read));
    let deep = "typedef struct { ".repeat(100_000) + &"union switch(".repeat(100_000);
    assert!(idl::parse("deep.x", deep.as_bytes()).is_err());
    rounds(|random| {
        let mut source = sources[random.below(sources.len())].clone();
        random.damage(&mut source);
        let _ = idl::parse("fuzz.x", &source);
        let _ = idl::inline_type(&String::from_utf8_lossy(&random.bytes(12)));
        let words = [
            "struct", "{", "}", "int", "a", ";", "<", ">", "[", "3", "]", "*", "union", "switch", "(", ")", "case",
            ":", "enum", "=", ",", "typedef", "program", "version", "void", "-", "#define", "\n", "/*", "\"", "string",
            "opaque",
        ];
        let soup: Vec<&str> = (0..random.below(40)).map(|_| words[random.below(words.len())]).collect();
        let _ = idl::parse("soup.x", soup.join(" ").as_bytes());
    });
}

#[test]
fn streams_in_any_pieces() {
    rounds(|random| {
        let messages: Vec<Vec<u8>> = (0..random.below(5)).map(|_| random.bytes(50)).collect();
        // Records in fragments, in pieces, are the messages again.
        let mut stream = Vec::new();
        for message in &messages {
            let cut = random.below(message.len() + 1);
            if cut > 0 {
                stream.extend_from_slice(&(cut as u32).to_be_bytes());
                stream.extend_from_slice(&message[..cut]);
            }
            stream.extend(record(&message[cut..]));
        }
        assert_eq!(in_pieces(random, Framing::Records, &stream), Ok(messages.clone()));
        // HTTP in chunks or with a length, too.
        let mut stream = Vec::new();
        for message in &messages {
            stream.extend_from_slice(b"POST / HTTP/1.1\r\n");
            if random.below(2) == 0 {
                stream.extend_from_slice(format!("Content-Length: {}\r\n\r\n", message.len()).as_bytes());
                stream.extend_from_slice(message);
                continue;
            }
            stream.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            for piece in message.chunks(1 + random.below(20)) {
                stream.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                stream.extend_from_slice(piece);
                stream.extend_from_slice(b"\r\n");
            }
            stream.extend_from_slice(b"0\r\n\r\n");
        }
        assert_eq!(in_pieces(random, Framing::Http(Side::Requests), &stream), Ok(messages));
        random.damage(&mut stream);
        let noise = random.bytes(100);
        for stream in [&stream, &noise] {
            for framing in
                [Framing::Records, Framing::Lines, Framing::Http(Side::Requests), Framing::Http(Side::Answers)]
            {
                let _ = in_pieces(random, framing, stream);
            }
        }
    });
}

/// The messages of a stream that comes in random pieces.
fn in_pieces(random: &mut Random, framing: Framing, mut stream: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let (mut reader, mut found) = (Reader::new(framing), Vec::new());
    while !stream.is_empty() {
        let (piece, rest) = stream.split_at(1 + random.below(stream.len()));
        stream = rest;
        reader.push(piece);
        while let Some(message) = reader.next_message().map_err(|broken| broken.why)? {
            found.push(message);
        }
        assert!(reader.waiting() <= 5000, "memory for what has not come");
    }
    found.extend(reader.end().map_err(|broken| broken.why)?);
    Ok(found)
}

struct Echo;

impl json::Methods for Echo {
    fn execute(&mut self, _: &str, params: &serde_json::Value) -> Result<serde_json::Value, json::Failed> {
        Ok(params.clone())
    }
}

#[test]
fn messages_that_are_damaged() {
    let target = onc::Target { program: 1, version: 2, procedure: 3 };
    let request =
        br#"[{"jsonrpc":"2.0","method":"a","params":{"b":[1,null,"c"]},"id":7},{"jsonrpc":"2.0","method":"d"}]"#;
    rounds(|random| {
        let mut call = Vec::new();
        let body = onc::auth_sys("host", 1, 2, &[3]);
        onc::put_call(&mut call, 5, target, (onc::AUTH_SYS, &body));
        assert!(onc::parse_call(&call).is_ok_and(|call| call.xid == 5 && call.target == target));
        random.damage(&mut call);
        let _ = (onc::parse_call(&call), onc::parse_reply(&call));
        let mut reply = Vec::new();
        onc::put_reply(&mut reply, 5, &onc::Reply::ProgramMismatch(1, 2));
        random.damage(&mut reply);
        let _ = onc::parse_reply(&reply);
        let mut message = request.to_vec();
        random.damage(&mut message);
        // Whatever it was: an answer is JSON, and is read by a client without a panic.
        if let Some(answer) = json::answer(&message, &mut Echo) {
            assert!(serde_json::from_slice::<serde_json::Value>(&answer).is_ok());
        }
        let _ = json::response(&message, 7);
    });
}
