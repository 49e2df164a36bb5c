//! Files that must not outlive the process, even if a signal ends it in the middle of something else: the signal's handler removes them.
//!
//! A server that executes shell code cannot look for signals meanwhile: the code may wait for a program that runs for hours, and a TERM is
//! to end the server now. So what is to be removed stands in a table that a handler may read, and the handler does what is async-signal-safe.
//!
//! System calls: getpid, lstat, unlink.

use std::ffi::CString;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A file, and how to know that it is still the same one.
struct Entry {
    path: CString,
    device: libc::dev_t,
    inode: libc::ino_t,
    /// The process that made it: a forked child has a copy of the table.
    owner: libc::pid_t,
}

/// A handful: listeners of one shell. A file for which there is no room is not removed by a handler.
static TABLE: [AtomicPtr<Entry>; 64] = [const { AtomicPtr::new(ptr::null_mut()) }; 64];

/// A place in the table; dropping it forgets the file, and leaves it where it is.
#[derive(Debug)]
pub struct Remembered(usize);

/// Remember a file that this process has made. `None`: the table is full, or the path has a NUL.
pub fn remember(path: &[u8], device: libc::dev_t, inode: libc::ino_t) -> Option<Remembered> {
    let owner = nix::unistd::getpid().as_raw();
    let entry = Box::into_raw(Box::new(Entry { path: CString::new(path).ok()?, device, inode, owner }));
    let free = |place: &AtomicPtr<Entry>| {
        place.compare_exchange(ptr::null_mut(), entry, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    };
    let found = TABLE.iter().position(free);
    if found.is_none() {
        // SAFETY: the pointer is the one of `into_raw`, and no place has it.
        drop(unsafe { Box::from_raw(entry) });
    }
    found.map(Remembered)
}

impl Drop for Remembered {
    fn drop(&mut self) {
        let entry = TABLE[self.0].swap(ptr::null_mut(), Ordering::SeqCst);
        if !entry.is_null() {
            // SAFETY: the pointer is the one of `into_raw`, and the place no longer has it. A handler that read it has returned.
            drop(unsafe { Box::from_raw(entry) });
        }
    }
}

/// Whether there is nothing to remove.
pub(super) fn is_empty() -> bool {
    TABLE.iter().all(|place| place.load(Ordering::SeqCst).is_null())
}

/// Remove all files in the table that this process has made and that are still there. Async-signal-safe.
pub(super) fn remove_all() {
    let process = nix::unistd::getpid().as_raw();
    for place in &TABLE {
        // SAFETY: what is in the table is valid; whoever takes it out is this thread, and stands still while its handler runs.
        let Some(entry) = (unsafe { place.load(Ordering::SeqCst).as_ref() }) else { continue };
        if entry.owner != process {
            continue;
        }
        let path = entry.path.as_c_str();
        if nix::sys::stat::lstat(path).is_ok_and(|stat| (stat.st_dev, stat.st_ino) == (entry.device, entry.inode)) {
            // Whoever has removed it meanwhile did what was to be done.
            let _ = nix::unistd::unlink(path);
        }
    }
}
