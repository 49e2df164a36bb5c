//! `nc host port...`: connect, and talk or only see who listens.
//!
//! ```text
//! for each port:  getaddrinfo -> for each address until one answers:
//!                     socket, setsockopt (-b -D -I -O), bind (-s -p), connect, poll (-w), getsockopt(SO_ERROR)
//!                 -z: close     -F: sendmsg(SCM_RIGHTS) over standard output     --fd: dup     --exec: dup2 to 0 and 1
//!                 else: standard input -> socket, socket -> standard output, until both are through
//! ```

use super::request::Request;
use super::{Stopped, cut, exec, system, talk, unresolved};
use crate::builtins::BuiltinResult;
use crate::ipc::socket::file::SocketFile;
use crate::ipc::socket::{self as sockets, Failed, name};
use crate::ipc::wait::{Cut, Guard};
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::sys::resolve;
use crate::sys::socket::{self, Name};
use nix::errno::Errno;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// How long a datagram scan waits for a refusal.
const PROBE: Duration = Duration::from_secs(1);

/// Connect to each port in turn; status 0 if one connection was made.
pub fn run(shell: &mut Shell, request: &Request) -> BuiltinResult {
    if request.is_unix() {
        return unix(shell, request);
    }
    let mut ports: Vec<u16> = request.ports.iter().cloned().flatten().collect();
    if request.random {
        shuffle(&mut ports);
    }
    let mut last = ExitStatus::FAILURE;
    for (index, port) in ports.iter().enumerate() {
        let watch = Guard::for_descriptors();
        if let (1.., Some(interval)) = (index, request.interval)
            && let Err(stopped) = watch.sleep(interval)
        {
            return cut(stopped, "nc").into_result();
        }
        match connect(shell, request, *port, &watch) {
            Ok(Some((connection, about))) => last = serve(shell, request, (connection, None), watch, &about)?,
            Ok(None) => {}
            Err(stopped) => return stopped.into_result(),
        }
        if last.0 > 128 {
            break;
        }
    }
    Ok(last)
}

/// Try the addresses of the host; `None`: none of them answered, and that has been said.
fn connect(
    shell: &mut Shell,
    request: &Request,
    port: u16,
    watch: &Guard,
) -> Result<Option<(OwnedFd, String)>, Stopped> {
    let port_text = port.to_string();
    let (family, kind) = (request.family, request.kind);
    let found = name::resolve(&request.host, port_text.as_bytes(), family, kind, request.numeric);
    let found =
        found.map_err(|why| unresolved(format!("getaddrinfo for host \"{}\" port {port}", request.host), &why))?;
    let protocol = request.protocol();
    for name in found {
        let Name::Inet(address) = &name else { continue };
        let ip = address.ip().to_string();
        let host = if request.host == ip { ip } else { format!("{} ({ip})", request.host) };
        let about = format!("connection to {host} port {port}");
        let from = own_name(request, name.family())?;
        let deadline = request.timeout.map(|time| Instant::now() + time);
        match sockets::connect(&name, kind, &request.settings, from.as_ref(), sockets::patiently(watch, deadline)) {
            Ok((connection, _)) => {
                if request.scan && kind == libc::SOCK_DGRAM && !is_open(&connection, request, watch)? {
                    continue;
                }
                if request.verbose || request.scan {
                    let service = if request.numeric { None } else { service(port, protocol) };
                    let service = service.as_deref().unwrap_or("*");
                    talk::say(
                        shell,
                        request,
                        &format!("Connection to {host} {port} port [{protocol}/{service}] succeeded!"),
                    );
                }
                return Ok(Some((connection, about)));
            }
            Err(unconnected) => {
                let Failed { call, errno } = unconnected.failed().map_err(Stopped::signal)?;
                match call {
                    "bind" => return Err(system("bind failed", errno).into()),
                    "setsockopt" => return Err(system("setsockopt", errno).into()),
                    _ => {}
                }
                // netcat-openbsd says it with -v only, and leaves its user with a bare status 1. A scan is a question, and no a good answer.
                if request.verbose || !request.scan {
                    let how = if errno == Errno::ETIMEDOUT { "timed out" } else { "failed" };
                    let words = format!("connect to {host} port {port} ({protocol}) {how}");
                    shell.report(&system(words, errno).within("nc"));
                }
            }
        }
    }
    Ok(None)
}

fn service(port: u16, protocol: &str) -> Option<String> {
    resolve::service_of(port, if protocol == "udp" { c"udp" } else { c"tcp" })
}

/// -s and -p of a client.
fn own_name(request: &Request, family: libc::c_int) -> Result<Option<Name>, Error> {
    if request.source.is_none() && request.source_port.is_none() {
        return Ok(None);
    }
    let any: &[u8] = if family == libc::AF_INET6 { b"::" } else { b"0.0.0.0" };
    let host = request.source.as_ref().map_or(any, |source| &source[..]);
    let port = request.source_port.as_ref().map_or(&b"0"[..], |port| &port[..]);
    if name::port(port, request.kind).is_none() {
        return Err(Error::new(format!("port number invalid: {}", String::from_utf8_lossy(port))));
    }
    let found = name::resolve(host, port, family, request.kind, request.numeric);
    let found = found.map_err(|why| unresolved("getaddrinfo".to_owned(), &why))?;
    Ok(found.into_iter().next())
}

/// Whether a datagram is not refused. Nothing is heard from a port that takes it in silence, so no answer counts as open.
fn is_open(connection: &OwnedFd, request: &Request, watch: &Guard) -> Result<bool, Stopped> {
    let fd = connection.as_raw_fd();
    if socket::send(fd, b"", false) == Err(Errno::ECONNREFUSED) {
        return Ok(false);
    }
    let deadline = Instant::now() + request.timeout.unwrap_or(PROBE);
    match watch.wait_for(fd, libc::POLLIN, Some(deadline)) {
        Err(Cut::Timeout) => Ok(true),
        Err(stopped) => Err(cut(stopped, "nc")),
        Ok(()) => Ok(socket::take_error(fd) != Err(Errno::ECONNREFUSED)),
    }
}

/// A connection was made: talk, hand it on, or (-z) drop it.
fn serve(
    shell: &mut Shell,
    request: &Request,
    (connection, file): (OwnedFd, Option<SocketFile>),
    watch: Guard,
    about: &str,
) -> BuiltinResult {
    let fd = connection.as_raw_fd();
    if request.scan {
        return Ok(ExitStatus::SUCCESS);
    }
    if let Some(variable) = &request.fd_name {
        return talk::keep(shell, variable, fd, file);
    }
    if request.pass {
        let (_, output) = talk::standard(shell);
        socket::set_nonblocking(fd, false).map_err(|errno| system(about, errno))?;
        socket::send_descriptor(output, fd).map_err(|errno| system("sendmsg", errno))?;
        return Ok(ExitStatus::SUCCESS);
    }
    if request.command.is_some() {
        drop(watch);
        return exec::in_shell(shell, request, connection);
    }
    talk::run(shell, request, fd, &watch, None, about)
}

fn unix(shell: &mut Shell, request: &Request) -> BuiltinResult {
    let watch = Guard::for_descriptors();
    let name = name::unix(&request.host);
    let deadline = request.timeout.map(|time| Instant::now() + time);
    // A datagram socket needs a name to be answered; without -s the kernel gives it one in the abstract namespace, which needs no file.
    let datagrams = request.kind == libc::SOCK_DGRAM;
    let from = match &request.source {
        Some(source) => Some(name::unix(source)),
        None if datagrams => Some(Name::Unnamed),
        None => None,
    };
    let path = request.host.to_string();
    let wait = sockets::patiently(&watch, deadline);
    let connected = sockets::connect(&name, request.kind, &request.settings, from.as_ref(), wait);
    match connected {
        Ok((connection, file)) => {
            if let (true, Ok(own)) = (datagrams, socket::local_name(connection.as_raw_fd())) {
                talk::say(shell, request, &format!("Bound on {}", talk::host_and_port(request, &own)));
            }
            serve(shell, request, (connection, file), watch, &format!("connection to {path}"))
        }
        Err(unconnected) => match unconnected.failed() {
            Err(signal) => Ok(ExitStatus::from_signal(signal)),
            Ok(Failed { call: "bind", errno }) => {
                Err(system([b"bind to ", &request.source.clone().unwrap_or_default()[..]].concat(), errno).into())
            }
            Ok(Failed { errno, .. }) => Err(system(path, errno).into()),
        },
    }
}

/// -r: any order, from the clock's low digits; nothing depends on its quality.
fn shuffle(ports: &mut [u16]) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mut state = now.map_or(1, |time| time.as_nanos() as u64) | 1;
    for index in (1..ports.len()).rev() {
        // xorshift (Marsaglia 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        ports.swap(index, (state % (index as u64 + 1)) as usize);
    }
}
