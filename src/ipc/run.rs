//! The user's run directory: where mailboxes and rendezvous have their files. It is the user's alone (mode 700), so only the user's
//! own programs meet there, and it is gone when the machine is started anew.
//!
//! System calls: mkdir, lstat, flock, fstat, unlink.

use crate::ipc::base::Base;
use crate::ipc::error::{Error, errno_of};
use crate::ipc::wait::Wait;
use crate::sys::{fd, stream};
use nix::errno::Errno;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The directory, made if it is not there: `$XDG_RUNTIME_DIR/ipcsh`, or without one of the user's `/tmp/ipcsh-UID`.
///
/// # Errors
/// It cannot be made; or what is there is another user's, or open to others.
pub fn directory(base: &Base) -> Result<PathBuf, Error> {
    let uid = nix::unistd::geteuid().as_raw();
    let own = |path: &Path| path.symlink_metadata().ok().filter(|found| found.is_dir() && found.uid() == uid);
    let session = base.session.as_ref().filter(|path| own(path).is_some());
    let path = session.map_or_else(|| PathBuf::from(format!("/tmp/ipcsh-{uid}")), |path| path.join("ipcsh"));
    let mut found = own(&path);
    if found.is_none() {
        match std::fs::DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                return Err(Error::refused(path.display().to_string(), errno_of(&error)));
            }
            _ => found = own(&path),
        }
    }
    // Somebody else may have made it in /tmp.
    match found {
        Some(found) if found.mode() & 0o077 == 0 => Ok(path),
        _ => Err(Error::refused(
            format!("{}: not this user's own directory with mode 700", path.display()),
            Errno::EACCES,
        )),
    }
}

/// A path for a system call.
///
/// # Errors
/// It has a NUL.
pub fn c_path(path: &Path) -> Result<CString, Error> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| Error::usage(path.display().to_string(), "a path has no NUL"))
}

/// A turn, taken by a lock on a file. It ends with the process too; only then does the file stay.
#[derive(Debug)]
pub struct Turn {
    path: PathBuf,
    _file: OwnedFd,
}

impl Drop for Turn {
    /// The file goes while it is still locked: who waits for that lock finds that its file has no name any more, and opens the new one.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Open a lock file, and wait until nobody else has locked it.
///
/// # Errors
/// It cannot be made, or how the wait has ended.
pub fn lock(path: PathBuf, tried: &str, wait: &mut Wait) -> Result<Turn, Error> {
    let flags = libc::O_RDWR | libc::O_CREAT;
    let name = c_path(&path)?;
    loop {
        let file = fd::open(&name, flags, 0o600).map_err(|errno| Error::refused(tried, errno))?;
        wait.run(&tried, |block| stream::lock(file.as_fd(), block))?;
        let locked = nix::sys::stat::fstat(file.as_fd()).map_err(|errno| Error::refused(tried, errno))?;
        if path.symlink_metadata().is_ok_and(|named| (named.dev(), named.ino()) == (locked.st_dev, locked.st_ino)) {
            return Ok(Turn { path, _file: file });
        }
    }
}

/// Whether somebody has taken a turn by this file of the directory.
pub fn is_locked(base: &Base, file: &str) -> bool {
    let path = directory(base).and_then(|directory| c_path(&directory.join(file)));
    let open = path.ok().and_then(|path| fd::open(&path, libc::O_RDONLY, 0).ok());
    open.is_some_and(|file| stream::lock(file.as_fd(), false) == Err(Errno::EAGAIN))
}

/// The names in the directory that end so, without the ending.
pub fn names(base: &Base, ending: &str) -> Vec<String> {
    let entries = directory(base).ok().and_then(|path| std::fs::read_dir(path).ok());
    let names = entries.into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect();
    names.sort();
    names
}
