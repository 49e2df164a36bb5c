//! JSON-RPC 2.0: `rpc call`, `rpc batch` and `rpc serve` with `json+...` addresses.

use super::call::misused;
use super::options::Options;
use super::serve::{self, end};
use super::{local, lost, options, outcome, usage};
use crate::builtins::BuiltinResult;
use crate::exec::procedure::{self, Desk};
use crate::ipc::error::errno_of;
use crate::ipc::json;
use crate::ipc::rpc::client::{Connection, Lost, Transport, addresses};
use crate::ipc::rpc::frame::Framing;
use crate::ipc::rpc::http::Side;
use crate::ipc::rpc::json::{self as protocol, Failed, Methods, Reading};
use crate::ipc::rpc::rpcbind::fresh_xid;
use crate::ipc::rpc::server::{Server, Service};
use crate::ipc::wait::Guard;
use crate::number::is_name;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus, Flow};
use crate::sys::fd;
use crate::sys::socket::Name;
use bstr::ByteSlice;
use nix::errno::Errno;
use serde_json::{Map, Value};
use std::time::{Duration, Instant};

/// Where a server is.
struct Address {
    transport: Transport,
    /// A host, or a path.
    host: Vec<u8>,
    port: u16,
    /// Of HTTP: the path of the URL.
    path: Option<String>,
}

impl Address {
    /// `json+unix:SOCK`, `json+tcp:HOST:PORT`, `json+http://HOST:PORT/PATH`.
    fn parse(word: &[u8]) -> Result<Self, Error> {
        let text = word.to_str_lossy();
        let wrong = || {
            let forms = "json+unix:SOCK, json+tcp:HOST:PORT or json+http://HOST:PORT/PATH is expected";
            super::wrong(format!("{text}: {forms}"))
        };
        if let Some(path) = text.strip_prefix("json+unix:") {
            let host = path.as_bytes().to_vec();
            return Ok(Self { transport: Transport::Unix, host, port: 0, path: None });
        }
        let (place, path) = match (text.strip_prefix("json+tcp:"), text.strip_prefix("json+http://")) {
            (Some(place), _) => (place, None),
            (_, Some(url)) => {
                let slash = url.find('/').unwrap_or(url.len());
                let path = if slash == url.len() { "/" } else { &url[slash..] };
                (&url[..slash], Some(path.to_owned()))
            }
            _ => return Err(wrong()),
        };
        let (host, port) = match crate::ipc::socket::name::host_and_port(place.as_bytes()) {
            Some((host, port)) => (host.to_vec(), options::number(port, "port")?),
            None if path.is_some() && !place.is_empty() => (place.as_bytes().to_vec(), 80),
            None => return Err(wrong()),
        };
        Ok(Self { transport: Transport::Tcp, host, port, path })
    }

    /// A message as this server wants it.
    fn wrapped(&self, message: &[u8]) -> Vec<u8> {
        match &self.path {
            None => [message, b"\n"].concat(),
            Some(path) => {
                let host = self.host.to_str_lossy();
                let host = if host.contains(':') { format!("[{host}]") } else { host.into_owned() };
                let head = format!(
                    "POST {path} HTTP/1.1\r\nHost: {host}:{}\r\nContent-Type: application/json\r\nAccept: application/json\r\n\
                     Connection: close\r\nContent-Length: {}\r\n\r\n",
                    self.port,
                    message.len()
                );
                [head.as_bytes(), message].concat()
            }
        }
    }

    /// Send a message, and wait for the answer if there will be one: of the lines that a server sends, the first one that `read` finds to be it. HTTP has
    /// but one.
    fn exchange<T>(
        &self,
        message: &[u8],
        time: Option<Duration>,
        answered: bool,
        read: impl Fn(&[u8]) -> Reading<T>,
    ) -> Result<Option<T>, Lost> {
        let watch = Guard::light();
        let deadline = Instant::now().checked_add(time.unwrap_or(Duration::from_secs(25)));
        let framing = if self.path.is_some() { Framing::Http(Side::Answers) } else { Framing::Lines };
        let names = addresses(self.transport, &self.host, self.port)?;
        let mut connection = Connection::open(self.transport, framing, &names, &watch, deadline)?;
        let message = self.wrapped(message);
        if !answered && framing == Framing::Lines {
            connection.tell(&message, &watch, deadline)?;
            return Ok(None);
        }
        let mut skipped = None;
        let answer = connection.exchange(&message, &watch, deadline, |line| match read(&line) {
            Reading::Answer(answer) => Some(Ok(answer)),
            Reading::Other(why) if framing == Framing::Lines => {
                skipped = Some(why);
                None
            }
            Reading::Other(why) | Reading::Wrong(why) => Some(Err(why)),
        });
        match (answer, skipped) {
            (Ok(Ok(answer)), _) => Ok(Some(answer)),
            // HTTP answers notifications, too, and nobody waits for what it says then.
            (Ok(Err(_)), _) if !answered => Ok(None),
            (Ok(Err(why)), _) | (Err(Lost::Broken(Errno::ENOTCONN)), Some(why)) => Err(Lost::Garbage(why)),
            (Err(lost), _) => Err(lost),
        }
    }
}

/// Parameters: `NAME=STRING` and `NAME:=JSON` make an object, `VALUE` and `:=JSON` an array. Behind `--` all are strings of an array.
fn parameters(words: &[&[u8]]) -> Result<Option<Value>, Error> {
    let (mut object, mut array) = (Map::new(), Vec::new());
    let mut is_plain = false;
    for word in words {
        let text =
            word.to_str().map_err(|_| Error::usage(format!("{}: JSON is UTF-8, and this is not", word.as_bstr())))?;
        let parse = |json: &str| {
            serde_json::from_str::<Value>(json).map_err(|error| Error::usage(format!("{json}: no JSON: {error}")))
        };
        if is_plain {
            array.push(text.into());
            continue;
        }
        if text == "--" {
            is_plain = true;
            continue;
        }
        if let Some(json) = text.strip_prefix(":=") {
            array.push(parse(json)?);
            continue;
        }
        match text.split_once('=') {
            Some((name, json)) if name.strip_suffix(':').is_some_and(|name| is_name(name.as_bytes())) => {
                object.insert(name.trim_end_matches(':').to_owned(), parse(json)?);
            }
            Some((name, string)) if is_name(name.as_bytes()) => {
                object.insert(name.to_owned(), string.into());
            }
            _ => array.push(text.into()),
        }
    }
    match (object.is_empty(), array.is_empty()) {
        (true, true) => Ok(None),
        (true, false) => Ok(Some(Value::Array(array))),
        (false, true) => Ok(Some(Value::Object(object))),
        (false, false) => Err(Error::usage("parameters have names, or they have not: not some of each")),
    }
}

/// The server, the method, and its parameters.
fn request<'a>(
    options: &Options,
    address: &[u8],
    words: &'a [&'a [u8]],
) -> Result<(Address, std::borrow::Cow<'a, str>, Option<Value>), Error> {
    let only_onc = [
        (options.has_faults, "a bad network"),
        (options.host.is_some(), "-H"),
        (options.transport.is_some(), "-T"),
        (options.tries.is_some(), "-r"),
        (options.keep, "--keep"),
    ];
    options::refuse("JSON-RPC", &only_onc).map_err(misused)?;
    let address = Address::parse(address).map_err(misused)?;
    let (method, rest) = words.split_first().ok_or_else(|| misused(super::wrong("METHOD is expected")))?;
    Ok((address, method.to_str_lossy(), parameters(rest)?))
}

/// `rpc call json+... METHOD ...`
pub fn call(shell: &mut Shell, options: &Options, address: &[u8], words: &[&[u8]]) -> BuiltinResult {
    let address_text = address.to_str_lossy();
    let (address, method, parameters) = local(shell, request(options, address, words))?;
    let id = options.xid.unwrap_or_else(fresh_xid);
    let request = protocol::request(&method, parameters, (!options.notify).then_some(id));
    super::attempts(shell, id, 1)?;
    let tried = format!("{method} at {}", address_text.trim_start_matches("json+"));
    let read = |message: &[u8]| protocol::response(message, id);
    match address.exchange(request.to_string().as_bytes(), options.time, !options.notify, read) {
        Ok(None) => {
            outcome(shell, "SUCCESS", "")?;
            Ok(ExitStatus::SUCCESS)
        }
        Ok(Some(Ok(result))) => {
            outcome(shell, "SUCCESS", "")?;
            shell.io.write(&printed(&result, options.json))?;
            Ok(ExitStatus::SUCCESS)
        }
        Ok(Some(Err(Failed { code, message, data }))) => {
            let status = match code {
                protocol::PARSE_ERROR => 20,
                protocol::INVALID_REQUEST => 21,
                protocol::METHOD_NOT_FOUND => 22,
                protocol::INVALID_PARAMS => 23,
                protocol::INTERNAL_ERROR => 24,
                _ => 25,
            };
            outcome(shell, &code.to_string(), &message)?;
            let data = data.map(|data| format!(" ({data})")).unwrap_or_default();
            Err(Error::new(format!("{tried}: error {code}: {message}{data}")).with_status(ExitStatus(status)).into())
        }
        Err(why) => Ok(lost(shell, &tried, &why)?),
    }
}

/// A string as its text, anything else as JSON.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A result: with `as_json` one line of JSON; else an object as `name=value` lines, a string as its text.
fn printed(result: &Value, as_json: bool) -> Vec<u8> {
    match result {
        _ if as_json => json::line(result),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| format!("{name}={}\n", bare(value))).collect::<String>().into_bytes()
        }
        value => format!("{}\n", bare(value)).into_bytes(),
    }
}

/// `rpc batch json+... FILE`: the requests of a file, which holds an array or one request a line, in one message. The answer is printed, one response a line.
pub fn batch(shell: &mut Shell, words: &[&[u8]]) -> BuiltinResult {
    let (options, operands) = options::parse(words, "t:", &[])?;
    let [address, file] = operands else { return Err(usage("json+... and FILE (- is standard input) are expected")) };
    let mut text = Vec::new();
    if *file == b"-" {
        fd::read_to_end(shell.io.input, &mut text)
            .map_err(|errno| super::refused("cannot read standard input", errno))?;
    } else {
        text = std::fs::read(file.to_path_lossy())
            .map_err(|error| super::refused(format_args!("cannot read {}", file.as_bstr()), errno_of(&error)))?;
    }
    let requests: Result<Vec<Value>, _> = match serde_json::from_slice(&text) {
        Ok(Value::Array(requests)) => Ok(requests),
        _ => serde_json::Deserializer::from_slice(&text).into_iter().collect(),
    };
    let requests = requests.map_err(|error| Error::usage(format!("{}: no JSON: {error}", file.as_bstr())))?;
    let tried = format!("batch at {}", address.to_str_lossy().trim_start_matches("json+"));
    let is_call = |request: &Value| request.get("id").is_some() || request.get("method").is_none();
    let answered = requests.is_empty() || requests.iter().any(is_call);
    let message = Value::Array(requests).to_string();
    match Address::parse(address)?.exchange(message.as_bytes(), options.time, answered, protocol::responses) {
        Err(why) => Ok(lost(shell, &tried, &why)?),
        Ok(responses) => {
            outcome(shell, "SUCCESS", "")?;
            let lines: Vec<u8> = responses.iter().flatten().flat_map(json::line).collect();
            shell.io.write(&lines)?;
            Ok(ExitStatus::SUCCESS)
        }
    }
}

/// `rpc serve json+... FUNCTION...`
pub fn serve(shell: &mut Shell, options: &Options, address: &[u8], functions: &[&[u8]]) -> BuiltinResult {
    let only_onc = [
        (options.has_faults, "a bad network"),
        (options.semantics.is_some(), "--semantics"),
        (options.register, "--register"),
        (!options.binds.is_empty(), "-b"),
    ];
    options::refuse("JSON-RPC", &only_onc)?;
    let Some(missing) = functions.iter().find(|name| shell.commands.function(name).is_none()) else {
        if functions.is_empty() {
            return Err(usage("the names of the functions are expected: nothing else can be called"));
        }
        let text = address.to_str_lossy();
        let (framing, bind) = match (text.strip_prefix("json+unix:"), text.strip_prefix("json+tcp:")) {
            (Some(path), _) => (Framing::Lines, format!("unix:{path}")),
            (_, Some(place)) => (Framing::Lines, format!("tcp:{place}")),
            _ => match text.strip_prefix("json+http:") {
                Some(place) => (Framing::Http(Side::Requests), format!("tcp:{}", place.trim_matches('/'))),
                None => {
                    return Err(usage(format!("{text}: json+unix:SOCK, json+tcp:PORT or json+http:PORT is expected")));
                }
            },
        };
        let watch = Guard::for_sockets();
        let listener = serve::listen(shell, bind.as_bytes())?;
        let desk = Desk::new(options.time, true)?;
        let calls = Functions { shell, functions, desk, interrupted: None };
        let mut service = Answerer { calls, answered: 0, most: options.most };
        let (ended, watch) = Server::new(framing, vec![listener]).run(watch, &mut service);
        drop(watch);
        return end(ended, service.calls.interrupted);
    };
    Err(usage(format!("{}: no such function", missing.as_bstr())))
}

struct Answerer<'a> {
    calls: Functions<'a>,
    answered: u64,
    most: Option<u64>,
}

impl Service for Answerer<'_> {
    fn message(&mut self, message: &[u8], _peer: &Name, replies: &mut Vec<Vec<u8>>) -> bool {
        self.answered += 1;
        replies.push(protocol::answer(message, &mut self.calls).unwrap_or_default());
        true
    }

    fn unsendable(&mut self, _reply: &[u8]) -> Vec<u8> {
        // JSON-RPC does not go over datagrams.
        Vec::new()
    }

    fn is_done(&self) -> bool {
        self.calls.interrupted.is_some() || self.most.is_some_and(|most| self.answered >= most)
    }

    fn delay(&self) -> Duration {
        Duration::ZERO
    }
}

struct Functions<'a> {
    shell: &'a mut Shell,
    functions: &'a [&'a [u8]],
    desk: Desk,
    interrupted: Option<Flow>,
}

impl Methods for Functions<'_> {
    fn execute(&mut self, method: &str, params: &Value) -> Result<Value, Failed> {
        if !self.functions.contains(&method.as_bytes()) {
            return Err(Failed::standard(protocol::METHOD_NOT_FOUND));
        }
        let arguments: Vec<Vec<u8>> = match params {
            Value::Array(values) => values.iter().map(|value| bare(value).into_bytes()).collect(),
            Value::Null => Vec::new(),
            object => vec![object.to_string().into_bytes()],
        };
        // A variable of the shell cannot hold a NUL.
        if arguments.iter().any(|argument| argument.contains(&0)) {
            return Err(Failed::standard(protocol::INVALID_PARAMS));
        }
        let text = if params.is_null() { String::new() } else { params.to_string() };
        let variables = [("RPC_PARAMS", text.as_bytes())];
        let call = procedure::Call { function: method.as_bytes(), arguments: &arguments, variables: &variables };
        let answer = match self.desk.call(self.shell, &call) {
            Ok(answer) => answer,
            Err(flow) => {
                self.interrupted = Some(flow);
                return Err(Failed::standard(protocol::INTERNAL_ERROR));
            }
        };
        let message = String::from_utf8_lossy(answer.error.trim_ascii_end()).into_owned();
        match answer.status.0 {
            0 => {
                if !answer.error.is_empty() {
                    self.shell.io.write_error(&answer.error);
                }
                let output = answer.output.strip_suffix(b"\n").unwrap_or(&answer.output);
                Ok(serde_json::from_slice(output).unwrap_or_else(|_| String::from_utf8_lossy(output).into()))
            }
            2 => {
                let data = (!message.is_empty()).then(|| message.into());
                Err(Failed { data, ..Failed::standard(protocol::INVALID_PARAMS) })
            }
            status => {
                let message =
                    if message.is_empty() { format!("{method} has failed with status {status}") } else { message };
                Err(Failed { code: -32000 - i64::from(status).min(99), message, data: None })
            }
        }
    }
}
