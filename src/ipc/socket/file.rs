//! The file of a UNIX socket: bind makes it (with the user's mask), and nothing removes it by itself. A server that leaves it makes the
//! next bind fail; one that removes whatever is at the path destroys a file of the user, or the socket of its own successor.
//!
//! System calls: lstat, unlink, and connect to see whether somebody listens.

use crate::sys::socket::{self, Name};
use crate::sys::vanish::{self, Remembered};
use nix::errno::Errno;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The file that a bind has made; dropping this removes it, if it is still the same file.
#[derive(Debug)]
pub struct SocketFile {
    path: Vec<u8>,
    /// Device and inode of the socket; `None`: it was gone again at once.
    identity: Option<(u64, u64)>,
    /// The handler of a signal knows of it too.
    _remembered: Option<Remembered>,
}

/// Device and inode of a socket; `None` if nothing or something else is at the path.
fn identity(path: &[u8]) -> Option<(u64, u64)> {
    let stat = nix::sys::stat::lstat(as_path(path)).ok()?;
    (stat.st_mode & libc::S_IFMT == libc::S_IFSOCK).then_some((stat.st_dev, stat.st_ino))
}

fn as_path(path: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(path))
}

impl SocketFile {
    /// Of a path that was just bound. A relative path is made absolute: the working directory may be another one at the end.
    pub fn made(path: &[u8]) -> Self {
        let absolute = std::path::absolute(as_path(path)).ok();
        let path = absolute.map_or_else(|| path.to_vec(), |path| path.as_os_str().as_bytes().to_vec());
        let identity = identity(&path);
        let remembered = identity.and_then(|(device, inode)| vanish::remember(&path, device, inode));
        Self { path, identity, _remembered: remembered }
    }

    /// Leave the file where it is: from here on it is the user's.
    pub fn leave(mut self) {
        self.identity = None;
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.identity.is_some() && identity(&self.path) == self.identity {
            // It was there a moment ago; whoever has removed it meanwhile did what was to be done.
            let _ = nix::unistd::unlink(as_path(&self.path));
        }
    }
}

/// Whether a socket is at the path that nobody has open any more.
pub fn is_stale(path: &[u8], kind: libc::c_int) -> bool {
    if identity(path).is_none() {
        return false;
    }
    let Ok(probe) = socket::socket(libc::AF_UNIX, kind) else { return false };
    // A full queue must not make this wait.
    let _ = socket::set_nonblocking(probe.as_raw_fd(), true);
    socket::connect(probe.as_raw_fd(), &Name::Path(path.to_vec())) == Err(Errno::ECONNREFUSED)
}

/// Remove a socket, and nothing else.
///
/// # Errors
/// EADDRINUSE: something else is at the path; what unlink says.
pub fn remove_socket(path: &[u8]) -> Result<(), Errno> {
    if identity(path).is_none() {
        return Err(Errno::EADDRINUSE);
    }
    nix::unistd::unlink(as_path(path))
}
