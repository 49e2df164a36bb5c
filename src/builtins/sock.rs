//! `sock`: one verb for each system call on sockets, so that a server in C can be retyped line by line at the prompt.
//!
//! Descriptors are numbers that the user keeps in variables, as in C; they stay open until `sock close`, and programs inherit them, as
//! they do what `exec 3<>file` opens.
//!
//! ```text
//! sock socket s inet stream       int s = socket(AF_INET, SOCK_STREAM, 0);
//! sock bind $s 127.0.0.1:6789     bind(s, (struct sockaddr *) &address, sizeof address);
//! sock listen $s 5                listen(s, 5);
//! sock accept c $s                int c = accept(s, NULL, NULL);
//! sock recv $c                    n = recv(c, buffer, sizeof buffer, 0); write(1, buffer, n);
//! sock send $c hello              send(c, "hello", 5, 0);
//! sock close $c                   close(c);
//! ```

use crate::builtins::message::{self, Verb};
use crate::builtins::{Builtin, BuiltinResult, Kind, bad_name};
use crate::fields::Fields;
use crate::ipc::socket::{self as sockets, Failed, Unconnected, Until, name, take};
use crate::ipc::wait::{Cut, Guard};
use crate::shell::Shell;
use crate::shell::vars::is_name;
use crate::status::{Error, ExitStatus, reason};
use crate::sys::fd;
use crate::sys::signal::bit;
use crate::sys::socket::{self, Name};
use bstr::{BStr, ByteSlice};
use nix::errno::Errno;
use std::fmt::Display;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Instant;

/// `sock`
pub const BUILTIN: Builtin = Builtin {
    name: "sock",
    kind: Kind::Regular,
    usage: "sock socket|bind|listen|accept|connect|send|sendto|recv|recvfrom|shutdown|getsockname|getpeername|setsockopt|close ...\n\
            sock socket VAR inet|inet6|unix stream|dgram|seqpacket\nsock bind|connect FD ADDR\nsock listen FD [BACKLOG]\nsock accept VAR FD\n\
            sock send FD MESSAGE\nsock sendto FD ADDR MESSAGE\nsock recv|recvfrom FD [SIZE]\nsock shutdown FD rd|wr|rdwr\n\
            sock getsockname|getpeername|close FD\nsock setsockopt FD NAME VALUE",
    about: "Make one system call on sockets. ADDR is HOST:PORT, a path (its file stays until rm, as in C), or @name; VAR receives a descriptor number.\n\
            recv and recvfrom print what came (recvfrom the sender's address on a line before it); status 1 at the end of the stream.\n\
            NAME is the C name of an option of the socket, IP, IPv6 or TCP level, without its number: SO_REUSEADDR, TCP_NODELAY, ...\n\
            accept, recv and recvfrom wait: at a prompt ^C ends that, and ^Z does nothing.\n\
            bind: EADDRINUSE after a server has ended: the port is kept for a minute (TIME_WAIT), unless SO_REUSEADDR is 1 before bind.",
    run,
};

/// The arguments behind the verb.
struct Arguments<'a> {
    fields: &'a Fields,
    at: usize,
}

impl<'a> Arguments<'a> {
    fn of(fields: &'a Fields) -> Self {
        Self { fields, at: 1 }
    }

    fn next(&mut self, what: &str) -> Result<&'a BStr, Error> {
        self.at += 1;
        self.fields.get(self.at - 1).ok_or_else(|| Error::usage(format!("{what} expected")))
    }

    fn optional(&mut self) -> Option<&'a BStr> {
        self.at += 1;
        self.fields.get(self.at - 1)
    }

    fn number(&mut self, what: &str) -> Result<i32, Error> {
        let text = self.next(what)?;
        text.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(|| wrong(text, &format!("{what} expected")))
    }

    /// A descriptor of the user's: the shell's own are not to be had. A variable that holds one may lack its `$`.
    fn descriptor(&mut self, shell: &mut Shell) -> Result<RawFd, Error> {
        let is_number = |text: &BStr| text.to_str().is_ok_and(|text| text.parse::<RawFd>().is_ok());
        if let Some(text) = self.fields.get(self.at)
            && is_name(text)
            && shell.vars.value_of(text).is_some_and(is_number)
        {
            return Err(wrong(text, &format!("descriptor expected; did you mean ${text}?")));
        }
        let number = self.number("descriptor")?;
        if number < 0 || fd::is_private(number) {
            return Err(system("descriptor", Errno::EBADF));
        }
        Ok(number)
    }

    fn variable(&mut self) -> Result<&'a BStr, Error> {
        let name = self.next("name of a variable")?;
        if is_name(name) { Ok(name) } else { Err(bad_name(name)) }
    }

    fn end(&mut self) -> Result<(), Error> {
        match self.optional() {
            None => Ok(()),
            Some(more) => Err(wrong(more, "too many arguments")),
        }
    }
}

fn wrong(operand: &BStr, what: &str) -> Error {
    Error::usage(format!("{operand}: {what}"))
}

/// The C function and errno: `bind: EADDRINUSE: Address already in use`.
fn system(call: &str, errno: Errno) -> Error {
    Error::new(format!("{call}: {errno:?}: {}", reason(errno)))
}

/// The same with what it was called for, an address or a descriptor, and what the errno means there: `accept: 3: EINVAL: Invalid argument
/// (not listening: sock listen 3 first)`.
fn system_at(call: &str, place: impl Display, hint: &str, errno: Errno) -> Error {
    let hint = if hint.is_empty() { String::new() } else { format!(" ({hint})") };
    Error::new(format!("{call}: {place}: {errno:?}: {}{hint}", reason(errno)))
}

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    #[rustfmt::skip]
    let verbs: [Verb; 14] = [
        ("socket", |shell, rest| make(shell, &mut Arguments::of(rest))),
        ("bind", |shell, rest| done(bind(shell, &mut Arguments::of(rest)))),
        ("listen", |shell, rest| done(listen(shell, &mut Arguments::of(rest)))),
        ("accept", |shell, rest| accept(shell, &mut Arguments::of(rest))),
        ("connect", |shell, rest| connect(shell, &mut Arguments::of(rest))),
        ("send", |shell, rest| send(shell, &mut Arguments::of(rest), false)),
        ("sendto", |shell, rest| send(shell, &mut Arguments::of(rest), true)),
        ("recv", |shell, rest| receive(shell, &mut Arguments::of(rest), false)),
        ("recvfrom", |shell, rest| receive(shell, &mut Arguments::of(rest), true)),
        ("shutdown", |shell, rest| done(shutdown(shell, &mut Arguments::of(rest)))),
        ("getsockname", |shell, rest| print_name(shell, &mut Arguments::of(rest), "getsockname", socket::local_name)),
        ("getpeername", |shell, rest| print_name(shell, &mut Arguments::of(rest), "getpeername", socket::peer_name)),
        ("setsockopt", |shell, rest| done(set_option(shell, &mut Arguments::of(rest)))),
        ("close", |shell, rest| done(close(shell, &mut Arguments::of(rest)))),
    ];
    message::verb(shell, &BUILTIN, fields, &verbs)
}

fn done(result: Result<(), Error>) -> BuiltinResult {
    result?;
    Ok(ExitStatus::SUCCESS)
}

fn close(shell: &mut Shell, arguments: &mut Arguments<'_>) -> Result<(), Error> {
    let number = arguments.descriptor(shell)?;
    arguments.end()?;
    fd::close(number).map_err(|errno| system("close", errno))
}

/// Give the user a copy of a descriptor, its number in a variable.
///
/// # Errors
/// No descriptor left (`failed` says what that means), or the variable is read-only.
pub fn hand_over(
    shell: &mut Shell,
    variable: &[u8],
    socket: RawFd,
    failed: impl FnOnce(Errno) -> Error,
) -> BuiltinResult {
    let slot = message::check_writable(shell, variable)?;
    let number = fd::dup_for_user(socket).map_err(failed)?;
    if let Err(error) = shell.vars.set_integer(slot, i64::from(number)) {
        // It was opened a moment ago.
        let _ = fd::close(number);
        return Err(error.into());
    }
    Ok(ExitStatus::SUCCESS)
}

fn make(shell: &mut Shell, arguments: &mut Arguments<'_>) -> BuiltinResult {
    let variable = arguments.variable()?;
    let domain = arguments.next("domain (inet, inet6, unix)")?;
    let kind = arguments.next("type (stream, dgram, seqpacket)")?;
    arguments.end()?;
    let family = match domain.as_bytes() {
        b"inet" => libc::AF_INET,
        b"inet6" => libc::AF_INET6,
        b"unix" => libc::AF_UNIX,
        _ => return Err(wrong(domain, "inet, inet6 or unix expected").into()),
    };
    let kind = match kind.as_bytes() {
        b"stream" => libc::SOCK_STREAM,
        b"dgram" => libc::SOCK_DGRAM,
        b"seqpacket" => libc::SOCK_SEQPACKET,
        _ => return Err(wrong(kind, "stream, dgram or seqpacket expected").into()),
    };
    let socket = socket::socket(family, kind).map_err(|errno| system("socket", errno))?;
    hand_over(shell, variable, socket.as_raw_fd(), |errno| system("socket", errno))
}

/// An address for this socket: of its family, resolved for its type.
fn address(number: RawFd, text: &BStr, call: &str) -> Result<Name, Error> {
    let failed = |errno| system(call, errno);
    let family = socket::option(number, libc::SOL_SOCKET, libc::SO_DOMAIN).map_err(failed)?;
    if family == libc::AF_UNIX {
        return Ok(name::unix(text));
    }
    let kind = socket::kind(number).map_err(failed)?;
    let (host, port) = name::host_and_port(text).ok_or_else(|| wrong(text, "HOST:PORT expected"))?;
    let found = name::resolve(host, port, family, kind, false);
    let found = found.map_err(|why| Error::new(format!("getaddrinfo: {text}: {why}")))?;
    found.into_iter().next().ok_or_else(|| failed(Errno::EADDRNOTAVAIL))
}

fn bind(shell: &mut Shell, arguments: &mut Arguments<'_>) -> Result<(), Error> {
    let number = arguments.descriptor(shell)?;
    let text = arguments.next("address")?;
    arguments.end()?;
    let name = address(number, text, "bind")?;
    socket::bind(number, &name).map_err(|errno| {
        let is_bound = errno == Errno::EINVAL && socket::local_name(number).is_ok_and(|own| is_somewhere(&own));
        let hint = if is_bound { "it has a name already: sock getsockname" } else { "" };
        system_at("bind", text, hint, errno)
    })
}

/// Whether a socket's own name is one that somebody has given it.
fn is_somewhere(own: &Name) -> bool {
    match own {
        Name::Inet(address) => address.port() != 0,
        other => !name::text(other).is_empty(),
    }
}

fn listen(shell: &mut Shell, arguments: &mut Arguments<'_>) -> Result<(), Error> {
    let number = arguments.descriptor(shell)?;
    let backlog = if arguments.fields.get(arguments.at).is_some() { arguments.number("backlog")? } else { 128 };
    arguments.end()?;
    socket::listen(number, backlog).map_err(|errno| system_at("listen", number, "", errno))
}

/// Wait until a descriptor is ready, however it was opened, so that signals can end the waiting. The socket's own time limit
/// (SO_RCVTIMEO, SO_SNDTIMEO) counts.
fn wait(number: RawFd, events: libc::c_short, call: &str) -> Result<Option<ExitStatus>, Error> {
    let limit = if events == libc::POLLIN { libc::SO_RCVTIMEO } else { libc::SO_SNDTIMEO };
    let limit = socket::time_option(number, limit).map_err(|errno| system(call, errno))?;
    outcome(Guard::light().wait_for(number, events, limit.map(|time| Instant::now() + time)), call)
}

/// What the end of a wait means: `None`: go on; the status of a caught signal.
fn outcome(waited: Result<(), Cut>, call: &str) -> Result<Option<ExitStatus>, Error> {
    match waited {
        Ok(()) => Ok(None),
        Err(Cut::Signal(signal)) => Ok(Some(ExitStatus::from_signal(signal))),
        Err(Cut::Timeout) => Err(system(call, Errno::EAGAIN)),
        Err(Cut::Failed(errno)) => Err(system(call, errno)),
    }
}

fn accept(shell: &mut Shell, arguments: &mut Arguments<'_>) -> BuiltinResult {
    let variable = arguments.variable()?;
    let number = arguments.descriptor(shell)?;
    arguments.end()?;
    // Before a connection is taken, which nobody would have.
    message::check_writable(shell, variable)?;
    let failed = |errno| system("accept", errno);
    let limit = socket::time_option(number, libc::SO_RCVTIMEO).map_err(failed)?;
    let deadline = limit.map(|time| Instant::now() + time);
    // Of several processes that wait for a connection one gets it: the others may have seen it, too, and must not be stuck in the call. The
    // socket cannot be made one that does not block, because they share that.
    let guard = Guard::for_calls(!bit(libc::SIGCHLD), deadline).map_err(failed)?;
    let connection = loop {
        let waited = match guard.call(|| socket::accept(number)) {
            Ok((connection, _)) => break connection,
            // It does not block anyway, or its time is up.
            Err(Cut::Failed(Errno::EAGAIN)) => guard.wait_for(number, libc::POLLIN, deadline),
            Err(cut) => Err(cut),
        };
        if let Err(Cut::Failed(errno)) = waited {
            let listens = socket::option(number, libc::SOL_SOCKET, libc::SO_ACCEPTCONN) != Ok(0);
            let hint = format!("not listening: sock listen {number} first");
            return Err(system_at("accept", number, if listens { "" } else { &hint }, errno).into());
        }
        if let Some(status) = outcome(waited, "accept")? {
            return Ok(status);
        }
    };
    hand_over(shell, variable, connection.as_raw_fd(), failed)
}

fn connect(shell: &mut Shell, arguments: &mut Arguments<'_>) -> BuiltinResult {
    let number = arguments.descriptor(shell)?;
    let text = arguments.next("address")?;
    arguments.end()?;
    let name = address(number, text, "connect")?;
    let failed = |errno| system("connect", errno);
    // Not to block in connect lets signals end the waiting; the user's descriptor blocks again afterwards.
    socket::set_nonblocking(number, true).map_err(failed)?;
    let wait = |until| match until {
        Until::Decided(number) => wait(number, libc::POLLOUT, "connect"),
        Until::Later(time) => outcome(Guard::light().sleep(time), "connect"),
    };
    let connected = sockets::complete(number, &name, |until| match wait(until) {
        Ok(None) => Ok(()),
        stopped => Err(stopped),
    });
    socket::set_nonblocking(number, false).map_err(failed)?;
    match connected {
        Ok(()) => Ok(ExitStatus::SUCCESS),
        Err(Unconnected::Failed(Failed { errno, .. })) => Err(system_at("connect", text, "", errno).into()),
        Err(Unconnected::Stopped(stopped)) => Ok(stopped?.unwrap_or(ExitStatus::FAILURE)),
    }
}

fn send(shell: &mut Shell, arguments: &mut Arguments<'_>, to: bool) -> BuiltinResult {
    let call = if to { "sendto" } else { "send" };
    let number = arguments.descriptor(shell)?;
    let place = if to { Some(arguments.next("address")?) } else { None };
    let name = place.map(|place| address(number, place, call)).transpose()?;
    let mut message = arguments.next("message")?.as_bytes();
    arguments.end()?;
    loop {
        let sent = match &name {
            Some(name) => socket::send_to(number, message, name, false),
            None => socket::send(number, message, false),
        };
        match sent {
            Ok(sent) if sent < message.len() => message = &message[sent..],
            Ok(_) => return Ok(ExitStatus::SUCCESS),
            Err(Errno::EAGAIN) => {
                if let Some(status) = wait(number, libc::POLLOUT, call)? {
                    return Ok(status);
                }
            }
            Err(errno) => {
                return Err(place
                    .map_or_else(|| system(call, errno), |place| system_at(call, place, "", errno))
                    .into());
            }
        }
    }
}

/// The largest SIZE.
const MOST: i32 = 1 << 24;

fn receive(shell: &mut Shell, arguments: &mut Arguments<'_>, from: bool) -> BuiltinResult {
    let call = if from { "recvfrom" } else { "recv" };
    let number = arguments.descriptor(shell)?;
    let size = if arguments.fields.get(arguments.at).is_some() { arguments.number("size")? } else { 64 << 10 };
    arguments.end()?;
    if !(0..=MOST).contains(&size) {
        return Err(Error::usage(format!("{size}: size from 0 to {MOST} expected")).into());
    }
    let kind = socket::kind(number).map_err(|errno| system(call, errno))?;
    let mut buffer = vec![0u8; size as usize];
    let mut attempt = || match kind {
        libc::SOCK_STREAM => socket::receive(number, &mut buffer, false, 0).map(Some),
        _ => take::message(number, kind, &mut buffer),
    };
    let taken = loop {
        match attempt() {
            Err(Errno::EAGAIN) => {
                if let Some(status) = wait(number, libc::POLLIN, call)? {
                    return Ok(status);
                }
            }
            result => break result.map_err(|errno| system(call, errno))?,
        }
    };
    let (got, sender) = match taken {
        Some((length, sender)) if length > 0 || size == 0 || kind != libc::SOCK_STREAM => {
            (length.min(buffer.len()), sender)
        }
        _ => return Ok(ExitStatus::FAILURE),
    };
    let mut out = Vec::with_capacity(got + 64);
    if from {
        out.extend_from_slice(&name::text(&sender));
        out.push(b'\n');
    }
    out.extend_from_slice(&buffer[..got]);
    shell.io.write(&out)?;
    Ok(ExitStatus::SUCCESS)
}

fn shutdown(shell: &mut Shell, arguments: &mut Arguments<'_>) -> Result<(), Error> {
    let number = arguments.descriptor(shell)?;
    let how = arguments.next("rd, wr or rdwr")?;
    arguments.end()?;
    let how = match how.as_bytes() {
        b"rd" => libc::SHUT_RD,
        b"wr" => libc::SHUT_WR,
        b"rdwr" => libc::SHUT_RDWR,
        _ => return Err(wrong(how, "rd, wr or rdwr expected")),
    };
    socket::shutdown(number, how).map_err(|errno| system("shutdown", errno))
}

fn print_name(
    shell: &mut Shell,
    arguments: &mut Arguments<'_>,
    call: &str,
    ask: fn(RawFd) -> Result<Name, Errno>,
) -> BuiltinResult {
    let number = arguments.descriptor(shell)?;
    arguments.end()?;
    let mut text = name::text(&ask(number).map_err(|errno| system(call, errno))?);
    text.push(b'\n');
    shell.io.write(&text)?;
    Ok(ExitStatus::SUCCESS)
}

/// Options whose value is an int, by their names in C.
#[rustfmt::skip]
const OPTIONS: &[(&str, libc::c_int, libc::c_int)] = &[
    ("SO_REUSEADDR", libc::SOL_SOCKET, libc::SO_REUSEADDR), ("SO_REUSEPORT", libc::SOL_SOCKET, libc::SO_REUSEPORT),
    ("SO_KEEPALIVE", libc::SOL_SOCKET, libc::SO_KEEPALIVE), ("SO_BROADCAST", libc::SOL_SOCKET, libc::SO_BROADCAST),
    ("SO_RCVBUF", libc::SOL_SOCKET, libc::SO_RCVBUF), ("SO_SNDBUF", libc::SOL_SOCKET, libc::SO_SNDBUF),
    ("SO_DONTROUTE", libc::SOL_SOCKET, libc::SO_DONTROUTE), ("SO_OOBINLINE", libc::SOL_SOCKET, libc::SO_OOBINLINE),
    ("SO_PASSCRED", libc::SOL_SOCKET, libc::SO_PASSCRED), ("SO_PRIORITY", libc::SOL_SOCKET, libc::SO_PRIORITY),
    ("SO_RCVLOWAT", libc::SOL_SOCKET, libc::SO_RCVLOWAT), ("SO_DEBUG", libc::SOL_SOCKET, libc::SO_DEBUG),
    ("TCP_NODELAY", libc::IPPROTO_TCP, libc::TCP_NODELAY), ("TCP_CORK", libc::IPPROTO_TCP, libc::TCP_CORK),
    ("TCP_KEEPIDLE", libc::IPPROTO_TCP, libc::TCP_KEEPIDLE), ("TCP_KEEPINTVL", libc::IPPROTO_TCP, libc::TCP_KEEPINTVL),
    ("TCP_KEEPCNT", libc::IPPROTO_TCP, libc::TCP_KEEPCNT), ("TCP_USER_TIMEOUT", libc::IPPROTO_TCP, libc::TCP_USER_TIMEOUT),
    ("TCP_DEFER_ACCEPT", libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT), ("TCP_QUICKACK", libc::IPPROTO_TCP, libc::TCP_QUICKACK),
    ("IP_TTL", libc::IPPROTO_IP, libc::IP_TTL), ("IP_TOS", libc::IPPROTO_IP, libc::IP_TOS),
    ("IP_MULTICAST_TTL", libc::IPPROTO_IP, libc::IP_MULTICAST_TTL), ("IP_MULTICAST_LOOP", libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP),
    ("IPV6_V6ONLY", libc::IPPROTO_IPV6, libc::IPV6_V6ONLY), ("IPV6_UNICAST_HOPS", libc::IPPROTO_IPV6, libc::IPV6_UNICAST_HOPS),
];

/// Options whose value is a time: seconds, with a fraction if need be.
const TIMES: &[(&str, libc::c_int)] = &[("SO_RCVTIMEO", libc::SO_RCVTIMEO), ("SO_SNDTIMEO", libc::SO_SNDTIMEO)];

fn set_option(shell: &mut Shell, arguments: &mut Arguments<'_>) -> Result<(), Error> {
    let number = arguments.descriptor(shell)?;
    let name = arguments.next("name of an option")?;
    let failed = |errno| system("setsockopt", errno);
    if let Some((_, option)) = TIMES.iter().find(|(known, _)| known.as_bytes() == name.as_bytes()) {
        let text = arguments.next("seconds")?;
        arguments.end()?;
        let seconds = text.to_str().ok().and_then(|text| text.parse::<f64>().ok());
        let time = seconds.and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
        let time = time.ok_or_else(|| wrong(text, "seconds expected"))?;
        return socket::set_time_option(number, *option, time).map_err(failed);
    }
    let known = OPTIONS.iter().find(|(known, ..)| known.as_bytes() == name.as_bytes());
    let (_, level, option) = known.ok_or_else(|| {
        // The prefix is what one forgets.
        let meant =
            |full: &&str| full.split_once('_').is_some_and(|(_, rest)| name.eq_ignore_ascii_case(rest.as_bytes()));
        let mut names = OPTIONS.iter().map(|(full, ..)| *full).chain(TIMES.iter().map(|(full, _)| *full));
        let meant = names.find(|full| meant(full) || name.eq_ignore_ascii_case(full.as_bytes()));
        wrong(
            name,
            &meant.map_or_else(|| "no such option".to_owned(), |full| format!("no such option; did you mean {full}?")),
        )
    })?;
    let value = arguments.number("number")?;
    arguments.end()?;
    socket::set_option(number, *level, *option, value).map_err(failed)
}
