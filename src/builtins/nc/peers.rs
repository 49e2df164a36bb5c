//! `nc -l -u --exec`: datagrams of many peers through one socket, each peer served by a handler of its own.
//!
//! A datagram that is read byte by byte loses all but its first byte, so a handler gets its peer's datagrams as a stream: standard input is
//! one end of a stream socket pair. Standard output is one end of a seqpacket pair: what the handler writes in one call goes back as one
//! datagram. This process passes both on. There is no end of a conversation in datagrams: the handler sees the end of its input after
//! -W datagrams, or -w seconds of silence, or when it ends by itself.

use super::request::Request;
use super::{cut, exec, server, system};
use crate::builtins::BuiltinResult;
use crate::ipc::socket::{Listener, take};
use crate::ipc::wait::{Cut, Guard};
use crate::jobs::wait;
use crate::shell::Shell;
use crate::status::ExitStatus;
use crate::sys::poll::{self, Interest};
use crate::sys::signal;
use crate::sys::socket::{self, Name};
use nix::errno::Errno;
use nix::unistd::Pid;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

/// A peer, and the handler that serves it.
struct Peer {
    name: Name,
    pid: Pid,
    /// The handler's standard input; `None`: ended.
    input: Option<OwnedFd>,
    /// The rest of a datagram that did not fit into it: a handler never gets a part of one.
    pending: Vec<u8>,
    /// Nothing comes behind that.
    ends: bool,
    /// The handler's standard output.
    output: OwnedFd,
    /// When it has last been heard of.
    heard: Instant,
    /// Datagrams that it may still send.
    left: Option<u64>,
}

impl Peer {
    /// Give the handler a datagram. One that does not read loses datagrams, as a socket whose queue is full does.
    fn give(&mut self, message: &[u8]) {
        if self.pending.is_empty() {
            self.pending.extend_from_slice(message);
            self.push();
        }
    }

    /// Pass on what is pending, as much as there is room for, and then the end.
    fn push(&mut self) {
        while let (Some(input), false) = (&self.input, self.pending.is_empty()) {
            match socket::send(input.as_raw_fd(), &self.pending, false) {
                Ok(sent) => drop(self.pending.drain(..sent)),
                Err(Errno::EAGAIN | Errno::ENOBUFS) => return,
                Err(Errno::EINTR) => {}
                // The handler has closed it (EPIPE, ECONNRESET): what else can go wrong with a pair of sockets is its end as well.
                Err(_) => self.input = None,
            }
        }
        if self.ends {
            self.input = None;
        }
    }

    /// No more datagrams for the handler.
    fn end(&mut self) {
        self.ends = true;
        self.push();
    }

    /// What there is to wait for: answers, and room for the rest of a datagram.
    fn interests(&self) -> [Interest; 2] {
        let waiting = self.input.as_ref().filter(|_| !self.pending.is_empty()).map_or(-1, AsRawFd::as_raw_fd);
        [poll::interest(self.output.as_raw_fd(), libc::POLLIN), poll::interest(waiting, libc::POLLOUT)]
    }
}

/// Room for any datagram.
const ROOM: usize = 256 << 10;
/// How long nothing more is said of handlers that cannot be started.
const SILENT: Duration = Duration::from_secs(1);

/// Serve peers until a signal comes; without -k only the first one.
pub fn run(shell: &mut Shell, request: &Request, mut watch: Guard, listener: &Listener) -> BuiltinResult {
    watch.wake_for_children();
    let fd = listener.socket.as_raw_fd();
    let mut peers: Vec<Peer> = Vec::new();
    let mut served = 0;
    let mut refused = None;
    let mut buffer = vec![0u8; ROOM];
    let result = loop {
        signal::take(libc::SIGCHLD);
        wait::poll_showing(&mut shell.jobs, |_| {});
        if !request.keep && served > 0 && peers.is_empty() {
            break Ok(ExitStatus::SUCCESS);
        }
        // With --max handlers running, datagrams wait in the socket's queue; those of peers that are served wait with them.
        let room = if request.keep { request.most.is_none_or(|most| peers.len() < most) } else { true };
        let mut interests: Vec<Interest> = vec![poll::interest(if room { fd } else { -1 }, libc::POLLIN)];
        interests.extend(peers.iter().flat_map(Peer::interests));
        let silence = request.timeout;
        let deadline = peers.iter().filter(|peer| !peer.ends).filter_map(|peer| Some(peer.heard + silence?)).min();
        match watch.wait(&mut interests, deadline) {
            Ok(()) => {}
            Err(Cut::Timeout) => {
                let now = Instant::now();
                let silent = |peer: &&mut Peer| silence.is_some_and(|time| peer.heard + time <= now);
                peers.iter_mut().filter(silent).for_each(Peer::end);
            }
            Err(stopped) => break cut(stopped, "poll").into_result(),
        }
        let mut ready = interests[1..].chunks(2);
        peers.retain_mut(|peer| {
            let Some([answers, room]) = ready.next() else { return true };
            if room.revents != 0 {
                peer.push();
            }
            answers.revents == 0 || pass_answers(shell, fd, peer, &mut buffer)
        });
        if interests[0].revents != 0
            && let Err(errno) = take(shell, request, fd, &mut peers, (&mut served, &mut refused), &mut buffer, &watch)
        {
            break Err(system("recvfrom", errno).into());
        }
    };
    server::end_children(shell, peers.into_iter().map(|peer| peer.pid).collect());
    result
}

/// Send on what a handler has written; false when it has closed its output: the conversation is over.
fn pass_answers(shell: &mut Shell, fd: RawFd, peer: &Peer, buffer: &mut [u8]) -> bool {
    loop {
        match take::message(peer.output.as_raw_fd(), libc::SOCK_SEQPACKET, buffer) {
            Ok(None) => return false,
            Ok(Some((got, _))) => {
                let answer = buffer.get(..got).ok_or(Errno::EMSGSIZE);
                // Like the network, a full queue may lose a datagram; anything else is said.
                match answer.and_then(|answer| socket::send_to(fd, answer, &peer.name, false)) {
                    Ok(_) | Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ECONNREFUSED) => {}
                    Err(errno) => shell.report(&system("nc: cannot send a datagram", errno)),
                }
            }
            Err(Errno::EAGAIN | Errno::EINTR) => return true,
            // ECONNRESET: it has ended without reading all.
            Err(_) => return false,
        }
    }
}

/// Take datagrams out of the socket and give each to its peer's handler, which is started if there is none.
fn take(
    shell: &mut Shell,
    request: &Request,
    fd: RawFd,
    peers: &mut Vec<Peer>,
    (served, refused): (&mut u64, &mut Option<Instant>),
    buffer: &mut [u8],
    watch: &Guard,
) -> Result<(), Errno> {
    let (got, name) = match socket::receive(fd, buffer, false, 0) {
        Err(Errno::EAGAIN | Errno::EINTR | Errno::ECONNREFUSED) => return Ok(()),
        result => result?,
    };
    let index = match peers.iter().position(|peer| peer.name == name) {
        Some(index) => index,
        None if !request.keep && *served > 0 => return Ok(()),
        None => match start(shell, request, fd, name, peers, watch) {
            Ok(peer) => {
                *served += 1;
                peers.push(peer);
                peers.len() - 1
            }
            Err(errno) => {
                // A datagram that nobody serves is lost; when nothing can be started, that need not be said of each.
                if refused.is_none_or(|last| last.elapsed() >= SILENT) {
                    *refused = Some(Instant::now());
                    shell.report(&system("nc: cannot start a handler, datagrams are lost", errno));
                }
                return Ok(());
            }
        },
    };
    let peer = &mut peers[index];
    if peer.ends || peer.input.is_none() {
        return Ok(());
    }
    let mut message = Vec::new();
    match request.framing {
        Some(framing) => framing.append(&mut message, &buffer[..got]),
        None => message.extend_from_slice(&buffer[..got]),
    }
    peer.give(&message);
    peer.heard = Instant::now();
    peer.left = peer.left.map(|left| left.saturating_sub(1));
    if peer.left == Some(0) {
        peer.end();
    }
    Ok(())
}

fn start(
    shell: &mut Shell,
    request: &Request,
    fd: RawFd,
    name: Name,
    peers: &[Peer],
    watch: &Guard,
) -> Result<Peer, Errno> {
    let (input, theirs) = socket::pair(libc::SOCK_STREAM)?;
    let (output, answers) = socket::pair(libc::SOCK_SEQPACKET)?;
    let local = socket::local_name(fd)?;
    // A handler that kept another's ends would keep its conversation open.
    let others = peers.iter().flat_map(|peer| {
        peer.input.iter().map(AsRawFd::as_raw_fd).chain([peer.output.as_raw_fd()]).collect::<Vec<_>>()
    });
    let own = [fd, input.as_raw_fd(), theirs.as_raw_fd(), output.as_raw_fd(), answers.as_raw_fd()];
    let close: Vec<RawFd> = others.chain(own).collect();
    let close = || {
        for number in close {
            let _ = crate::sys::fd::close(number);
        }
    };
    let ends = (theirs.as_raw_fd(), answers.as_raw_fd());
    let pid = exec::in_process(shell, request, ends, (&local, &name), watch, close)?;
    let (pending, ends, heard) = (Vec::new(), false, Instant::now());
    Ok(Peer { name, pid, input: Some(input), pending, ends, output, heard, left: request.limit })
}
