//! JSON-RPC 2.0 with ourselves, with Python, with curl; and the situations that the specification shows.

use super::{Dir, Server, has};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::Command;

#[test]
fn json_rpc_between_our_two_sides() {
    let dir = Dir::new();
    for (bind, at) in [("json+tcp:0", "json+tcp:127.0.0.1:$port"), ("json+http:0", "json+http://127.0.0.1:$port/")] {
        let printed = dir.run(&format!(
            r#"sum() {{ echo $(($1 + $2)); }}; whole() {{ echo "$RPC_PARAMS"; }}; refuse() {{ echo no >&2; return 7; }}; wrong() {{ return 2; }}
             serve {bind} sum whole refuse wrong
             rpc call {at} sum 2 3
             rpc call {at} whole a=1 b:='[1,null]'
             rpc call -j {at} whole 'x y' :=2
             rpc call {at} refuse; echo $? $RPC_STATUS $RPC_DETAIL
             rpc call {at} wrong 2>/dev/null; echo $?
             rpc call {at} DIV 1 1 2>/dev/null; echo $?
             rpc call -o {at} sum 1 1; echo $?
             printf '%s\n' '{{"jsonrpc":"2.0","method":"sum","params":[1,2],"id":1}}' '{{"jsonrpc":"2.0","method":"sum","params":[1,2]}}' 1 | rpc batch {at} -
             stop"#
        ));
        let expected = "5\na=1\nb=[1,null]\n[\"x y\",2]\n25 -32007 no\n23\n22\n0\n\
            {\"jsonrpc\":\"2.0\",\"result\":3,\"id\":1}\n{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"Invalid Request\"},\"id\":null}\n";
        let (out, errors) = printed.split_at(printed.rfind("ipcsh: ").unwrap_or(printed.len()));
        assert_eq!(out, expected, "{bind}");
        assert!(errors.ends_with("error -32007: no\n"), "{errors}");
    }
}

/// Python and curl as clients of our server; Python as the server of our client.
#[test]
fn json_rpc_with_other_programs() {
    if !has("python3") || !has("curl") {
        return;
    }
    let dir = Dir::new();
    dir.file(
        "client.py",
        "import json, socket, sys\ns = socket.create_connection(('127.0.0.1', int(sys.argv[1]))).makefile('rw')\n\
         s.write(json.dumps({'jsonrpc': '2.0', 'method': 'sum', 'params': [4, 5], 'id': 'x'}) + '\\n{nonsense\\n'); s.flush()\n\
         print(json.loads(s.readline())['result'], json.loads(s.readline())['error']['code'])\n",
    );
    dir.file(
        "server.py",
        "import json, socket\nl = socket.create_server(('127.0.0.1', 0)); print(l.getsockname()[1], flush=True)\n\
         c = l.accept()[0].makefile('rw'); r = json.loads(c.readline())\n\
         c.write(json.dumps({'jsonrpc': '2.0', 'result': r['params'][::-1], 'id': r['id']}) + '\\n'); c.flush()\n",
    );
    let printed = dir.run(
        r#"sum() { echo $(($1 + $2)); }
         serve json+tcp:0 sum; python3 client.py $port; stop
         serve json+http:0 sum
         curl -s -d '{"jsonrpc":"2.0","method":"sum","params":[1,2],"id":7}' http://127.0.0.1:$port/; echo
         curl -s -o /dev/null -w '%{http_code} %{size_download}\n' -d '{"jsonrpc":"2.0","method":"sum","params":[1,2]}' http://127.0.0.1:$port/
         stop
         mkfifo port; python3 server.py >port & read -r port <port
         rpc call json+tcp:127.0.0.1:$port reverse a b"#,
    );
    assert_eq!(printed, "9 -32700\n{\"jsonrpc\":\"2.0\",\"result\":3,\"id\":7}\n200 0\n[\"b\",\"a\"]\n");
}

/// The situations of section 7 of the specification, over a socket, with data of our own.
#[test]
fn what_the_specification_shows() {
    let dir = Dir::new();
    let script = r#"subtract() {
             case $1 in {*) set -- $(printf '%s' "$1" | tr -dc '0-9a-z:,' | tr , ' ')
                 for pair; do case $pair in minuend:*) a=${pair#*:};; subtrahend:*) b=${pair#*:};; esac; done; set -- $a $b;; esac
             echo $(($1 - $2)); }
         sum() { s=0; for n; do s=$((s + n)); done; echo $s; }; data() { echo '["a",5]'; }; update() { :; }
         rpc serve json+tcp:0 subtract sum data update"#;
    let server = Server::start(&dir, script, 1);
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", server.ports[0])).expect("the server listens"));
    let mut ask = |request: &str| {
        stream.get_mut().write_all(format!("{request}\n").as_bytes()).expect("the server reads");
        let mut line = String::new();
        stream.read_line(&mut line).expect("the server answers");
        serde_json::from_str::<Value>(&line).expect("JSON")
    };
    let result = |result: Value, id: Value| json!({"jsonrpc": "2.0", "result": result, "id": id});
    let error = |code: i64, message: &str, id: Value| json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": id});
    let (parse, invalid) = (error(-32700, "Parse error", Value::Null), error(-32600, "Invalid Request", Value::Null));
    // Parameters by position, in both orders, and by name.
    assert_eq!(
        ask(r#"{"jsonrpc": "2.0", "method": "subtract", "params": [52, 33], "id": 1}"#),
        result(json!(19), json!(1))
    );
    assert_eq!(
        ask(r#"{"jsonrpc": "2.0", "method": "subtract", "params": [33, 52], "id": 2}"#),
        result(json!(-19), json!(2))
    );
    for named in [r#"{"subtrahend": 33, "minuend": 52}"#, r#"{"minuend": 52, "subtrahend": 33}"#] {
        assert_eq!(
            ask(&format!(r#"{{"jsonrpc": "2.0", "method": "subtract", "params": {named}, "id": 3}}"#)),
            result(json!(19), json!(3))
        );
    }
    // Notifications, known and unknown, are answered by nothing: the next line is the answer to the call behind them.
    let told = "{\"jsonrpc\": \"2.0\", \"method\": \"update\", \"params\": [1,2]}\n{\"jsonrpc\": \"2.0\", \"method\": \"nothing\"}";
    assert_eq!(
        ask(&format!("{told}\n{}", r#"{"jsonrpc": "2.0", "method": "data", "id": "9"}"#)),
        result(json!(["a", 5]), json!("9"))
    );
    // A method that is not there, no JSON, no request.
    assert_eq!(
        ask(r#"{"jsonrpc": "2.0", "method": "nothing", "id": "1"}"#),
        error(-32601, "Method not found", json!("1"))
    );
    assert_eq!(ask(r#"{"jsonrpc": "2.0", "method": "sum, "params": "x", "y]"#), parse);
    assert_eq!(ask(r#"{"jsonrpc": "2.0", "method": 1, "params": "x"}"#), invalid);
    // Batches: no JSON, an empty array, no requests, some of each, and only notifications.
    assert_eq!(
        ask(r#"[{"jsonrpc": "2.0", "method": "sum", "params": [1], "id": "1"}, {"jsonrpc": "2.0", "method"]"#),
        parse
    );
    assert_eq!(ask("[]"), invalid);
    assert_eq!(ask("[1]"), json!([invalid]));
    assert_eq!(ask("[1,2,3]"), json!([invalid, invalid, invalid]));
    let mixed = r#"[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,5], "id": "1"}, {"jsonrpc": "2.0", "method": "update", "params": [7]},
        {"jsonrpc": "2.0", "method": "subtract", "params": [42,20], "id": "2"}, {"foo": "bar"},
        {"jsonrpc": "2.0", "method": "no.such", "params": {"name": "x"}, "id": "5"}, {"jsonrpc": "2.0", "method": "data", "id": "9"}]"#;
    let answers = json!([
        result(json!(8), json!("1")),
        result(json!(22), json!("2")),
        invalid,
        error(-32601, "Method not found", json!("5")),
        result(json!(["a", 5]), json!("9"))
    ]);
    assert_eq!(ask(&mixed.replace('\n', " ")), answers);
    let told = r#"[{"jsonrpc": "2.0", "method": "update", "params": [1]}, {"jsonrpc": "2.0", "method": "update", "params": [7]}]"#;
    assert_eq!(
        ask(&format!("{told}\n{}", r#"{"jsonrpc": "2.0", "method": "sum", "id": null}"#)),
        result(json!(0), Value::Null)
    );
}

/// jsonrpclib-pelix: its client with our server and its server with our client: calls, notifications, batches, errors.
#[test]
fn json_rpc_with_jsonrpclib() {
    let found = Command::new("python3").args(["-c", "import jsonrpclib"]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        return println!("skipped: needs jsonrpclib-pelix");
    }
    let dir = Dir::new();
    dir.file(
        "client.py",
        "import jsonrpclib, sys\ns = jsonrpclib.ServerProxy('http://127.0.0.1:' + sys.argv[1])\n\
         print(s.sum(2, 3), s.whole(b=[1, None], a='x'), s._notify.sum(1, 2))\n\
         batch = jsonrpclib.MultiCall(s); batch.sum(5, 6); batch.whole(q=1); batch._notify.sum(7, 8); print(list(batch()))\n\
         try: s.nothing()\nexcept jsonrpclib.ProtocolError as error: print(error.args[0][0])\n\
         try: s.refuse()\nexcept jsonrpclib.ProtocolError as error: print(error.args[0])\n",
    );
    dir.file(
        "server.py",
        "from jsonrpclib.SimpleJSONRPCServer import SimpleJSONRPCServer\ns = SimpleJSONRPCServer(('127.0.0.1', 0), logRequests=False)\n\
         s.register_function(lambda a, b: a + b, 'add'); s.register_function(lambda: {'k': [1, None]}, 'data')\n\
         print(s.socket.getsockname()[1], flush=True); s.serve_forever()\n",
    );
    let printed = dir.run(
        r#"sum() { echo $(($1 + $2)); }; whole() { echo "$RPC_PARAMS"; }; refuse() { echo no >&2; return 7; }
         serve json+http:0 sum whole refuse; python3 client.py $port; stop
         mkfifo port; python3 server.py >port & read -r port <port; at=json+http://127.0.0.1:$port/
         rpc call $at add :=2 :=3; rpc call $at add a x; rpc call $at add a=p b=q; rpc call $at data; rpc call -o $at add 1 1; echo $?
         rpc call $at nothing 2>/dev/null; echo $?; rpc call $at add :=1 2>/dev/null; echo $?
         printf '%s\n' '{"jsonrpc":"2.0","method":"add","params":[1,2],"id":1}' '{"jsonrpc":"2.0","method":"add","params":["x","y"],"id":2}' | rpc batch $at - | tr -d ' ' | sort
         kill $!"#,
    );
    let expected = "5 {'b': [1, None], 'a': 'x'} None\n[11, {'q': 1}]\n-32601\n(-32007, 'no')\n\
        5\nax\npq\nk=[1,null]\n0\n22\n23\n";
    assert!(printed.starts_with(expected), "{printed}");
    assert!(printed[expected.len()..].contains("\"result\":3") && printed.contains("\"result\":\"xy\""), "{printed}");
}

/// Answers of HTTP end by their length, behind their last chunk, or with the connection; requests by length or chunk.
#[test]
fn http_without_lengths() {
    if !has("python3") || !has("curl") {
        return;
    }
    let dir = Dir::new();
    dir.file(
        "server.py",
        "import json, socket\nl = socket.create_server(('127.0.0.1', 0)); print(l.getsockname()[1], flush=True)\n\
         def serve(head, pack):\n c = l.accept()[0]; f = c.makefile('rb'); n = 0\n while (h := f.readline().strip()):\n  n = int(h.split(b':')[1]) if h.lower().startswith(b'content-length') else n\n\
         \x20r = json.loads(f.read(n)); c.sendall(head + pack(json.dumps({'jsonrpc': '2.0', 'result': r['params'], 'id': r['id']}).encode())); f.close(); c.close()\n\
         serve(b'HTTP/1.0 200 OK\\r\\n\\r\\n', lambda b: b)\n\
         serve(b'HTTP/1.1 200 OK\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n', lambda b: b'%x\\r\\n' % 3 + b[:3] + b'\\r\\n%x\\r\\n' % len(b[3:]) + b[3:] + b'\\r\\n0\\r\\n\\r\\n')\n\
         serve(b'HTTP/1.1 503 Busy\\r\\n\\r\\n', lambda b: b'later')\n",
    );
    let printed = dir.run(
        r#"mkfifo port; python3 server.py >port & read -r port <port; at=json+http://127.0.0.1:$port/
         rpc call -j $at a 1; rpc call -j $at b 2; rpc call $at c 3; echo $?
         length() { echo ${#1}; }; serve json+http:0 length; at=http://127.0.0.1:$port/
         call='{"jsonrpc":"2.0","method":"length","params":["abc"],"id":1}'
         curl -s -H 'Transfer-Encoding: chunked' -d "$call" $at; echo
         curl -s -0 -d "$call" $at; echo
         head -c 2000000 /dev/zero | tr '\0' x >long; { printf '{"jsonrpc":"2.0","method":"length","id":2,"params":["'; cat long; printf '"]}'; } >big
         curl -s -d @big $at; echo
         curl -s -o /dev/null -w '%{http_code}\n' $at; stop"#,
    );
    let (out, errors) = printed.split_at(printed.find("ipcsh: ").unwrap_or(printed.len()));
    let answer = |result: u32, id: u32| format!("{{\"jsonrpc\":\"2.0\",\"result\":{result},\"id\":{id}}}\n");
    let expected = format!("[\"1\"]\n[\"2\"]\n1\n{}{}{}405\n", answer(3, 1), answer(3, 1), answer(2_000_000, 2));
    assert_eq!(out, expected);
    assert!(errors.ends_with("HTTP/1.1 503 Busy\n"), "{errors}");
}
