//! `--exec`: a command of the shell serves a connection on its descriptors 0 and 1. What comes in over the connection is data for the
//! command; only the user's own text is ever executed.

use super::request::Request;
use super::system;
use crate::builtins::BuiltinResult;
use crate::exec::handler;
use crate::ipc::socket::{self as sockets, name};
use crate::ipc::wait::Guard;
use crate::shell::Shell;
use crate::sys::socket::{self, Name};
use nix::errno::Errno;
use nix::unistd::Pid;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// The variables that tell a handler about its connection: NC_REMOTE_ADDR, NC_REMOTE_PORT, NC_LOCAL_ADDR, NC_LOCAL_PORT, NC_PROTO.
pub fn describe(shell: &mut Shell, request: &Request, local: &Name, remote: &Name) {
    let both = |name: &Name| match name {
        Name::Inet(address) => (address.ip().to_string().into_bytes(), address.port().to_string().into_bytes()),
        name => (name::text(name), Vec::new()),
    };
    let ((local, local_port), (remote, remote_port)) = (both(local), both(remote));
    let values: [(&[u8], &[u8]); 5] = [
        (b"NC_REMOTE_ADDR", &remote),
        (b"NC_REMOTE_PORT", &remote_port),
        (b"NC_LOCAL_ADDR", &local),
        (b"NC_LOCAL_PORT", &local_port),
        (b"NC_PROTO", request.protocol().as_bytes()),
    ];
    for (variable, value) in values {
        let slot = shell.vars.slot_of(variable);
        shell.vars.make_local(slot);
        match shell.vars.set(slot, value) {
            Ok(()) => shell.vars.set_exported(slot, true),
            Err(error) => shell.report(&error.within("nc")),
        }
    }
}

/// Serve one connection in this shell: the handler can set variables.
pub fn in_shell(shell: &mut Shell, request: &Request, connection: OwnedFd) -> BuiltinResult {
    let Some(command) = &request.command else { return Ok(shell.status) };
    let fd = connection.as_raw_fd();
    socket::set_nonblocking(fd, false).map_err(|errno| system("connection", errno))?;
    let local = socket::local_name(fd).unwrap_or(Name::Unnamed);
    let remote = socket::peer_name(fd).unwrap_or(Name::Unnamed);
    let mark = shell.vars.locals_mark();
    describe(shell, request, &local, &remote);
    // Only the handler's own copies of the connection count: closing them is the end that the peer sees.
    let connection = crate::sys::fd::make_private(connection).map_err(|errno| system("connection", errno))?;
    let outcome = handler::in_shell(shell, connection.as_raw_fd(), connection.as_raw_fd(), command);
    shell.vars.restore_locals(mark);
    sockets::close_gently(connection.as_raw_fd());
    Ok(outcome?)
}

/// Serve a connection in a process of its own. `close` gives up there what belongs to the server.
///
/// # Errors
/// There is no process to be had.
pub fn in_process(
    shell: &mut Shell,
    request: &Request,
    (input, output): (RawFd, RawFd),
    (local, remote): (&Name, &Name),
    watch: &Guard,
    close: impl FnOnce(),
) -> Result<Pid, Errno> {
    let Some(command) = &request.command else { return Err(Errno::EINVAL) };
    let prepare = |shell: &mut Shell| {
        close();
        watch.undo_in_child();
        describe(shell, request, local, remote);
    };
    // The copies 1 and 0 are what is left of the connection; the handler may have closed or replaced them.
    let finish = || [1, 0].into_iter().for_each(sockets::close_gently);
    handler::start(shell, (input, output), command, &watch.mask(), prepare, finish)
}
