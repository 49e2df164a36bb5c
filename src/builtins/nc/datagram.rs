//! `nc -l` for datagrams, where there is no connection to accept: the first datagram decides who the peer is, or (-k) everybody is one.
//!
//! System calls: socket, bind, recvfrom with MSG_PEEK to see who has sent, connect to hear only that peer; with -k recvfrom and sendto.

use super::request::Request;
use super::{cut, system, talk};
use crate::builtins::BuiltinResult;
use crate::ipc::socket::Listener;
use crate::ipc::wait::{Cut, Guard};
use crate::shell::Shell;
use crate::sys::socket::{self, Name};
use nix::errno::Errno;
use std::cell::RefCell;
use std::os::fd::{AsRawFd, RawFd};
use std::rc::Rc;

/// Serve as the request says. (The order of the parameters counts: the last one is dropped first.)
pub fn run(shell: &mut Shell, request: &Request, watch: Guard, listener: Listener) -> BuiltinResult {
    let fd = listener.socket.as_raw_fd();
    if let Some(variable) = &request.fd_name {
        let (socket, file) = listener.into_parts();
        return talk::keep(shell, variable, socket.as_raw_fd(), file);
    }
    if request.command.is_some() {
        return super::peers::run(shell, request, watch, &listener);
    }
    if request.keep {
        // Answers go to whoever has sent last.
        let last = Rc::new(RefCell::new(None));
        return talk::run(shell, request, fd, &watch, Some(last), "socket");
    }
    let peer = match first_sender(fd, &watch) {
        Ok(peer) => peer,
        Err(stopped) => return cut(stopped, "recvfrom").into_result(),
    };
    let shown = if request.is_unix() { listener.name().ok() } else { None };
    let place = talk::host_and_port(request, shown.as_ref().unwrap_or(&peer));
    talk::say(shell, request, &format!("Connection received on {place}"));
    let can_be_answered = match &peer {
        Name::Inet(_) => socket::connect(fd, &peer).map(|()| true).map_err(|errno| system("connect", errno))?,
        Name::Unnamed => false,
        // It may have gone already; what it has sent is here.
        Name::Path(_) | Name::Abstract(_) => socket::connect(fd, &peer).is_ok(),
    };
    if can_be_answered {
        return talk::run(shell, request, fd, &watch, None, "socket");
    }
    let deaf = Request { no_input: true, ..request.clone() };
    talk::run(shell, &deaf, fd, &watch, None, "socket")
}

/// Who has sent the first datagram, which stays where it is.
fn first_sender(fd: RawFd, watch: &Guard) -> Result<Name, Cut> {
    let mut byte = [0u8; 1];
    loop {
        match socket::receive(fd, &mut byte, false, libc::MSG_PEEK) {
            Ok((_, peer)) => return Ok(peer),
            Err(Errno::EAGAIN) => watch.wait_for(fd, libc::POLLIN, None)?,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(Cut::Failed(errno)),
        }
    }
}
