//! `nc -l`: wait for connections, and talk or let a command serve them.
//!
//! ```text
//! socket, setsockopt(SO_REUSEADDR), bind, listen
//! accept        close the listening socket, talk                      (nothing else)
//! accept        talk, and accept the next one when it is through      (-k)
//! accept        the command runs in this shell                        (--exec)
//! accept        fork; the child: close, dup2 to 0 and 1, the command; the parent: close, accept the next one, wait for children (-k --exec)
//! ```
//!
//! Without an address the loopback interface is meant: nobody from outside can connect unless the user says so (`-s 0.0.0.0`).

use super::request::Request;
use super::{Stopped, cut, datagram, exec, system, talk, unresolved};
use crate::builtins::BuiltinResult;
use crate::ipc::socket::{self as sockets, Listener, name};
use crate::ipc::wait::{Cut, Guard};
use crate::jobs::wait;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::sys::socket::{self, Name};
use crate::sys::{poll, signal};
use nix::errno::Errno;
use nix::unistd::Pid;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// Listen as the request says.
pub fn run(shell: &mut Shell, request: &Request) -> BuiltinResult {
    // Made first, so dropped last: the socket's file is removed before a deadly signal arrives.
    let mut watch = Guard::for_descriptors();
    match listen(shell, request) {
        Err(stopped) => stopped.into_result(),
        Ok(listener) if request.kind == libc::SOCK_DGRAM => datagram::run(shell, request, watch, listener),
        Ok(listener) if request.keep && request.command.is_some() => {
            watch.wake_for_children();
            handlers(shell, request, listener, &watch)
        }
        Ok(listener) if request.keep => one_after_another(shell, request, &listener, &watch),
        Ok(listener) => one(shell, request, watch, listener),
    }
}

/// Bind and listen, and say where.
fn listen(shell: &mut Shell, request: &Request) -> Result<Listener, Stopped> {
    let name = own_name(request)?;
    let tried = || match &name {
        Name::Inet(address) => format!("cannot listen on {} port {}", address.ip(), address.port()),
        name => format!("cannot listen on {}", String::from_utf8_lossy(&name::text(name))),
    };
    let listener = sockets::listen(&name, request.kind, &request.settings);
    let listener = listener.map_err(|failed| Stopped::from(system(tried(), failed.errno)))?;
    let real = listener.name().map_err(|errno| system("getsockname", errno))?;
    if let (Some(variable), Name::Inet(address)) = (&request.port_name, &real) {
        let slot = shell.vars.slot_of(variable);
        shell.vars.set_integer(slot, i64::from(address.port()))?;
    }
    let place = talk::host_and_port(request, &real);
    if request.is_unix() || request.kind == libc::SOCK_DGRAM {
        talk::say(shell, request, &format!("Bound on {place}"));
    }
    if request.kind != libc::SOCK_DGRAM {
        talk::say(shell, request, &format!("Listening on {place}"));
    }
    Ok(listener)
}

fn own_name(request: &Request) -> Result<Name, Error> {
    if request.is_unix() {
        return Ok(name::unix(&request.host));
    }
    let port = request.ports.first().map_or(0, |ports| *ports.start());
    let loopback: &[u8] = if request.family == libc::AF_INET6 { b"::1" } else { b"127.0.0.1" };
    let host = if request.host.is_empty() { loopback } else { &request.host };
    let found = name::resolve(host, port.to_string().as_bytes(), request.family, request.kind, request.numeric);
    let found = found.map_err(|why| unresolved(format!("getaddrinfo for host \"{}\"", request.host), &why))?;
    found.into_iter().next().ok_or_else(|| Error::new("no address to listen on"))
}

/// The next connection.
fn accept(shell: &mut Shell, request: &Request, listener: &Listener, watch: &Guard) -> Result<OwnedFd, Stopped> {
    let accepted = sockets::accept(listener.socket.as_raw_fd(), watch, None);
    let (connection, peer) = accepted.map_err(|stopped| cut(stopped, "accept"))?;
    announce(shell, request, listener, &peer);
    Ok(connection)
}

/// `Connection received on`: the peer; of a UNIX socket, whose peers have no names, the socket's own path.
fn announce(shell: &mut Shell, request: &Request, listener: &Listener, peer: &Name) {
    if request.verbose {
        let own = if request.is_unix() { listener.name().ok() } else { None };
        let place = talk::host_and_port(request, own.as_ref().unwrap_or(peer));
        talk::say(shell, request, &format!("Connection received on {place}"));
    }
}

/// One connection, and that is all. (The order of the parameters counts: the last one is dropped first.)
fn one(shell: &mut Shell, request: &Request, watch: Guard, listener: Listener) -> BuiltinResult {
    let connection = match accept(shell, request, &listener, &watch) {
        Ok(connection) => connection,
        Err(stopped) => return stopped.into_result(),
    };
    // The port, and the file, are free again.
    drop(listener);
    if let Some(variable) = &request.fd_name {
        return talk::keep(shell, variable, connection.as_raw_fd(), None);
    }
    if request.command.is_some() {
        drop(watch);
        return exec::in_shell(shell, request, connection);
    }
    talk::run(shell, request, connection.as_raw_fd(), &watch, None, "connection")
}

/// -k without a command: the next connection when one is through, until a signal comes.
fn one_after_another(shell: &mut Shell, request: &Request, listener: &Listener, watch: &Guard) -> BuiltinResult {
    loop {
        let connection = match accept(shell, request, listener, watch) {
            Ok(connection) => connection,
            Err(stopped) => return stopped.into_result(),
        };
        match talk::run(shell, request, connection.as_raw_fd(), watch, None, "connection") {
            Ok(status) if status.0 > 128 => return Ok(status),
            Ok(_) => {}
            // One broken connection does not end the server.
            Err(crate::status::Failure::Error(error)) => shell.report(&error.within("nc")),
            Err(flow) => return Err(flow),
        }
    }
}

/// A handler that is running.
struct Handler {
    pid: Pid,
    deadline: Option<Instant>,
}

/// How long to wait when there are no descriptors or processes left, before trying again.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// -k with a command: a process for each connection, at most --max at a time. The others wait in the kernel's queue.
fn handlers(shell: &mut Shell, request: &Request, listener: Listener, watch: &Guard) -> BuiltinResult {
    let mut running: Vec<Handler> = Vec::new();
    let most = request.most.unwrap_or(usize::MAX);
    let status = loop {
        collect(shell, &mut running);
        match next(&listener, watch, &running, running.len() < most) {
            Ok(None) => {}
            Ok(Some((connection, peer))) => {
                announce(shell, request, &listener, &peer);
                match start(shell, request, &listener, &connection, &peer, watch) {
                    Ok(pid) => {
                        let deadline = request.timeout.map(|time| Instant::now() + time);
                        running.push(Handler { pid, deadline });
                    }
                    Err(errno) => {
                        shell.report(&system("nc: cannot fork a handler", errno));
                        drop(connection);
                        let _ = watch.sleep(EXHAUSTED);
                    }
                }
            }
            Err(Cut::Timeout) => end_overdue(&mut running),
            Err(Cut::Failed(errno @ (Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM | Errno::ENOBUFS))) => {
                shell.report(&system("nc: cannot accept a connection", errno));
                let _ = watch.sleep(EXHAUSTED);
            }
            Err(Cut::Signal(signal)) => break Ok(ExitStatus::from_signal(signal)),
            Err(Cut::Failed(errno)) => break Err(system("accept", errno).into()),
        }
    };
    drop(listener);
    end_children(shell, running.into_iter().map(|handler| handler.pid).collect());
    status
}

/// Wait for a connection (unless there are enough handlers), the end of a handler (`None`), or the time of one of them.
fn next(listener: &Listener, watch: &Guard, running: &[Handler], room: bool) -> Result<Option<(OwnedFd, Name)>, Cut> {
    let fd = listener.socket.as_raw_fd();
    if let Some(signal) = watch.caught() {
        return Err(Cut::Signal(signal));
    }
    if room {
        match socket::accept(fd) {
            Err(Errno::EAGAIN) => {}
            Err(Errno::EINTR | Errno::ECONNABORTED) => return Ok(None),
            result => return result.map(Some).map_err(Cut::Failed),
        }
    }
    let deadline = running.iter().filter_map(|handler| handler.deadline).min();
    watch.wait(&mut [poll::interest(if room { fd } else { -1 }, libc::POLLIN)], deadline)?;
    Ok(None)
}

fn start(
    shell: &mut Shell,
    request: &Request,
    listener: &Listener,
    connection: &OwnedFd,
    peer: &Name,
    watch: &Guard,
) -> Result<Pid, Errno> {
    let fd = connection.as_raw_fd();
    let local = socket::local_name(fd).unwrap_or(Name::Unnamed);
    let own = listener.socket.as_raw_fd();
    // The child's copies of the listening socket and of the connection's first descriptor.
    let close = || {
        for number in [own, fd] {
            let _ = crate::sys::fd::close(number);
        }
    };
    exec::in_process(shell, request, (fd, fd), (&local, peer), watch, close)
}

/// Take in the handlers that have ended.
fn collect(shell: &mut Shell, running: &mut Vec<Handler>) {
    if !running.is_empty() {
        signal::take(libc::SIGCHLD);
        wait::poll_showing(&mut shell.jobs, |pid| running.retain(|handler| handler.pid != pid));
    }
}

/// -w: end the handlers that have used up their time.
fn end_overdue(running: &mut [Handler]) {
    let now = Instant::now();
    for handler in running.iter_mut().filter(|handler| handler.deadline.is_some_and(|time| time <= now)) {
        end(handler.pid, libc::SIGKILL);
        handler.deadline = None;
    }
}

/// Signal a handler and what it has started.
fn end(pid: Pid, number: i32) {
    // The group is there as soon as the handler has made it; before, there is only the handler itself.
    if signal::send(-pid.as_raw(), number).is_err() {
        let _ = signal::send(pid.as_raw(), number);
    }
}

/// How long handlers have to end when the server does.
const GRACE: Duration = Duration::from_secs(1);

/// The server ends: TERM for all handlers, KILL for those that do not mind.
pub fn end_children(shell: &mut Shell, mut pids: Vec<Pid>) {
    pids.iter().for_each(|&pid| end(pid, libc::SIGTERM));
    let deadline = Instant::now() + GRACE;
    while !pids.is_empty() {
        signal::take(libc::SIGCHLD);
        wait::poll_showing(&mut shell.jobs, |ended| pids.retain(|&pid| pid != ended));
        let left = deadline.saturating_duration_since(Instant::now());
        if pids.is_empty() || left.is_zero() {
            break;
        }
        // Any signal wakes this, SIGCHLD among them; all are blocked otherwise.
        let _ = poll::wait(&mut [], Some(left.min(GRACE)), Some(&signal::empty_mask()));
    }
    pids.iter().for_each(|&pid| end(pid, libc::SIGKILL));
    let deadline = Instant::now() + GRACE;
    while !pids.is_empty() && Instant::now() < deadline {
        wait::poll_showing(&mut shell.jobs, |ended| pids.retain(|&pid| pid != ended));
        if !pids.is_empty() {
            let _ = poll::wait(&mut [], Some(Duration::from_millis(10)), Some(&signal::empty_mask()));
        }
    }
}
