//! A connection and the shell's standard input and output: what is common to client and server.
//!
//! ```text
//! standard input  -- outgoing lane -->  socket     at its end: shutdown(SHUT_WR)
//! standard output <-- incoming lane --  socket     at its end: the peer has said all
//! ```

use super::request::Request;
use super::system;
use crate::builtins::BuiltinResult;
use crate::ipc::socket::file::SocketFile;
use crate::ipc::socket::lane::{Bytes, Dump, Lane, Treatment};
use crate::ipc::socket::record::{FromRecords, Sender, ToRecords};
use crate::ipc::socket::relay::{self, End, Limits};
use crate::ipc::wait::Guard;
use crate::shell::Shell;
use crate::shell::io::Target;
use crate::status::ExitStatus;
use crate::sys::resolve;
use crate::sys::socket::{self, Name};
use nix::errno::Errno;
use std::net::SocketAddr;
use std::os::fd::RawFd;

/// The descriptors that a user calls 0 and 1; -1 for one that is closed.
pub fn standard(shell: &Shell) -> (RawFd, RawFd) {
    let output = match shell.io.output {
        Target::Fd(fd) => fd,
        // A substitution has become a process before `nc` runs, so there is no capture here.
        Target::Closed | Target::Capture(_) => -1,
    };
    (shell.io.input, output)
}

/// Standard input to the socket, the socket to standard output, until both are through. `about` names the connection in messages.
pub fn run(
    shell: &mut Shell,
    request: &Request,
    fd: RawFd,
    watch: &Guard,
    peer: Option<Sender>,
    about: &str,
) -> BuiltinResult {
    let (input, output) = standard(shell);
    // The connection is nobody else's, so it need not block.
    if let Err(errno) = socket::set_nonblocking(fd, true) {
        return Err(system(about, errno).into());
    }
    let dump = |mark| request.hex.then_some(Dump { mark, to: output, mask: watch.mask() });
    let limits = Limits { idle: request.timeout, quit: request.quit };
    let reads = !request.no_input;
    let mut outgoing: Option<Box<dyn Lane>> = None;
    let treatment = |crlf, mark| Treatment { crlf, pause: request.interval, dump: dump(mark) };
    let (there, back) = (treatment(request.crlf, b'>'), treatment(false, b'<'));
    let mut incoming: Box<dyn Lane> = if request.has_records() {
        if reads {
            outgoing = Some(Box::new(ToRecords::new(input, fd, request.framing, there, peer.clone())));
        }
        Box::new(FromRecords::new(fd, output, request.framing, back, peer, request.limit))
    } else {
        if reads {
            outgoing = Some(Box::new(Bytes::new(input, fd, there)));
        }
        Box::new(Bytes::new(fd, output, back).limited(request.limit))
    };
    let outgoing = outgoing.as_mut().map(|lane| &mut **lane as &mut dyn Lane);
    let end = relay::run(fd, outgoing, &mut *incoming, limits, watch);
    status(end, about)
}

/// What the end of a conversation means for the command.
pub fn status(end: End, about: &str) -> BuiltinResult {
    match end {
        End::Done | End::Timeout => Ok(ExitStatus::SUCCESS),
        End::Signal(signal) => Ok(ExitStatus::from_signal(signal)),
        // As for any writer into a pipe that nobody reads.
        End::Output(Errno::EPIPE) => Ok(ExitStatus::from_signal(libc::SIGPIPE)),
        End::Output(errno) => Err(system("write error", errno).into()),
        End::Input(errno) => Err(system("cannot read standard input", errno).into()),
        End::Socket(errno) => Err(system(about, errno).into()),
    }
}

/// Host and port for `-v`: names, unless -n.
pub fn host_and_port(request: &Request, name: &Name) -> String {
    match name {
        Name::Inet(address) => format!("{} {}", host(request, address), address.port()),
        name => String::from_utf8_lossy(&crate::ipc::socket::name::text(name)).into_owned(),
    }
}

fn host(request: &Request, address: &SocketAddr) -> String {
    if request.numeric || address.ip().is_unspecified() { address.ip().to_string() } else { resolve::host_of(address) }
}

/// A line of `-v`.
pub fn say(shell: &mut Shell, request: &Request, line: &str) {
    if request.verbose {
        shell.io.write_error(format!("{line}\n").as_bytes());
    }
}

/// `--fd`: hand the connection to the user: a blocking descriptor that programs inherit, like one that `exec` opens. The file at which a
/// datagram socket is reached (`file`) is the user's then, too.
///
/// # Errors
/// No descriptor left, or the variable is read-only.
pub fn keep(shell: &mut Shell, variable: &[u8], fd: RawFd, file: Option<SocketFile>) -> BuiltinResult {
    let failed = |errno| system("cannot keep the connection", errno);
    socket::set_nonblocking(fd, false).map_err(failed)?;
    let status = crate::builtins::sock::hand_over(shell, variable, fd, failed)?;
    if let Some(file) = file {
        file.leave();
    }
    Ok(status)
}
