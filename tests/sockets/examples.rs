//! The lecture's server, as it stands in examples/sockets: real clients, hostile clients, and many of them.

use super::*;

const SERVERS: [&str; 2] = ["hello-browser.sh", "hello-browser-calls.sh"];

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/sockets").join(name)
}

/// Start a server and wait until it can be connected to.
fn serve(dir: &Dir, name: &str, port: u16) -> Running {
    let mut command = dir.program(env!("CARGO_BIN_EXE_ipcsh"));
    let server = Running::start(command.arg(example(name)).arg(port.to_string()));
    until("the server listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
    server
}

/// Send a request; status line, head and body of the answer.
fn ask(port: u16, request: &[u8]) -> (String, String, Vec<u8>) {
    let answer = converse(connect(port), request);
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.lines().next().unwrap_or_default().to_owned();
    (status, head, answer[end + 4..].to_vec())
}

fn length(head: &str) -> usize {
    let line = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect("Content-Length");
    line.parse().expect("a number")
}

#[test]
fn the_page_repeats_the_request() {
    let dir = Dir::new();
    for name in SERVERS {
        let port = free_port();
        let _server = serve(&dir, name, port);
        let request = "GET /<script>?a=1&b=\"2\" HTTP/1.1\r\nHost: localhost\r\nX-Umlaut: \u{e4}\u{f6}\r\n\r\n";
        let (status, head, body) = ask(port, request.as_bytes());
        assert_eq!(status, "HTTP/1.1 200 OK", "{name}");
        assert_eq!(length(&head), body.len(), "{name}: {head}");
        let body = String::from_utf8(body).expect("it is UTF-8");
        assert!(body.contains("Hello web browser"), "{name}: {body}");
        assert!(
            body.contains(
                "GET /&lt;script&gt;?a=1&amp;b=&quot;2&quot; HTTP/1.1\r\nHost: localhost\r\nX-Umlaut: \u{e4}\u{f6}\r\n"
            ),
            "{name}: {body}"
        );
        assert!(!body.contains("<script>"));
        let (status, head, body) = ask(port, b"HEAD / HTTP/1.1\r\n\r\n");
        assert_eq!((&*status, body.len()), ("HTTP/1.1 200 OK", 0), "{name}");
        assert!(length(&head) > 100);
    }
}

#[test]
fn hostile_clients() {
    let dir = Dir::new();
    for name in SERVERS {
        let port = free_port();
        let server = serve(&dir, name, port);
        let well = || {
            let (status, head, body) = ask(port, b"GET / HTTP/1.0\r\n\r\n");
            assert_eq!(status, "HTTP/1.1 200 OK", "{name}");
            assert_eq!(length(&head), body.len());
        };
        // Silent ones that stay: the first server serves others meanwhile, the second gives up on them.
        let silent: Vec<TcpStream> = (0..3).map(|_| connect(port)).collect();
        well();
        drop(silent);
        // One that goes at once.
        drop(connect(port));
        well();
        // 4 MiB, as the head and as the body: the answer arrives although not all was read.
        let mut post = format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", 4 << 20).into_bytes();
        post.extend(vec![b'x'; 4 << 20]);
        assert_eq!(ask(port, &post).0, "HTTP/1.1 200 OK", "{name}");
        let mut head = b"GET /".to_vec();
        head.extend(vec![b'a'; 4 << 20]);
        let (status, head, body) = ask(port, &head);
        assert_eq!(status, "HTTP/1.1 400 Bad Request", "{name}");
        assert_eq!(length(&head), body.len());
        well();
        // Garbage, with NUL and everything else, and what would be a command.
        for garbage in [
            &noise(5000, 17)[..],
            b"\0\0\0\0\r\n\r\n",
            b"$(touch made)\r\n`touch made`\r\n\r\n",
            b"%s%n%d\r\n\r\n",
            b"\r\n\r\n",
        ] {
            let (_, head, body) = ask(port, garbage);
            assert_eq!(length(&head), body.len(), "{name}");
        }
        assert!(!dir.has("made"));
        well();
        drop(server);
    }
}

/// Port 6789, as in the lecture, if nobody has it.
#[test]
fn port_6789() {
    if TcpListener::bind("127.0.0.1:6789").is_err() {
        println!("skipped: needs port 6789");
        return;
    }
    let dir = Dir::new();
    let server = Running::start(dir.program(env!("CARGO_BIN_EXE_ipcsh")).arg(example(SERVERS[0])));
    until("the server listens", || TcpStream::connect("127.0.0.1:6789").is_ok());
    let (status, ..) = ask(6789, b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(status, "HTTP/1.1 200 OK");
    server.signal(Signal::SIGINT);
    assert_eq!(server.end().status, 130);
}

#[test]
fn curl() {
    if !has("curl") {
        return;
    }
    let dir = Dir::new();
    for name in SERVERS {
        let port = free_port();
        let _server = serve(&dir, name, port);
        let end = run(dir.program("curl").args([
            "-sS",
            "--fail",
            "--max-time",
            "30",
            "-A",
            "tester",
            &format!("http://127.0.0.1:{port}/x"),
        ]));
        assert_eq!(end.status, 0, "{name}: {}", end.err);
        assert!(end.text().contains("User-Agent: tester"), "{name}: {}", end.text());
        let upload = dir.file("upload", vec![b'u'; 4 << 20]);
        let end = run(dir
            .program("curl")
            .args(["-sS", "--fail", "--max-time", "30", "-H", "Expect:", "--data-binary"])
            .arg(format!("@{}", upload.display()))
            .arg(format!("http://127.0.0.1:{port}/")));
        assert!(end.text().contains("Hello web browser"), "{name}: {} {}", end.status, end.err);
    }
}

/// A load generator: every request is answered, and nothing is left behind.
#[test]
fn ab() {
    if !has("ab") {
        return;
    }
    let dir = Dir::new();
    let port = free_port();
    let server = serve(&dir, SERVERS[0], port);
    let end = run(dir.program("ab").args(["-q", "-n", "1000", "-c", "20", &format!("http://127.0.0.1:{port}/")]));
    let text = end.text();
    let figure = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_owned());
    assert_eq!(figure("Complete requests:").as_deref(), Some("1000"), "{text}{}", end.err);
    assert_eq!(figure("Failed requests:").as_deref(), Some("0"), "{text}");
    println!("requests per second: {}", figure("Requests per second:").unwrap_or_default());
    until("the handlers are collected", || super::handlers::children(server.pid()).is_empty());
}

/// A real browser shows the page.
#[test]
fn a_browser() {
    let Some(browser) = ["chromium", "chromium-browser", "google-chrome", "chromium-headless-shell"]
        .into_iter()
        .find(|name| Path::new("/usr/bin").join(name).exists())
    else {
        println!("skipped: needs chromium");
        return;
    };
    let dir = Dir::new();
    let port = free_port();
    let _server = serve(&dir, SERVERS[0], port);
    let end = run(dir.program(browser).args([
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--dump-dom",
        &format!("http://localhost:{port}/seen?a<b>&c"),
    ]));
    let page = end.text();
    assert!(page.contains("<h1>Hello web browser</h1>"), "{page}{}", end.err);
    assert!(page.contains("GET /seen?a%3Cb%3E&amp;c HTTP/1.1"), "{page}");
    assert!(page.contains("Host: localhost:"), "{page}");
}
