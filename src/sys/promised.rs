//! Output that a command was told is written, and that is not yet: see the shell's `gather`. It is kept here so that it is
//! not lost when there is no more memory and the process ends at once.
//!
//! System calls: write.

use crate::sys::{fd, heap};
use nix::errno::Errno;
use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;
use std::os::fd::RawFd;

thread_local! {
    /// (Nothing is to be done with it when the thread ends, which would need memory to be arranged.)
    static BYTES: RefCell<ManuallyDrop<Vec<u8>>> = const { RefCell::new(ManuallyDrop::new(Vec::new())) };
    /// Where they are to be written.
    static TO: Cell<RawFd> = const { Cell::new(-1) };
}

/// How many bytes there are.
#[inline]
pub fn length() -> usize {
    BYTES.with_borrow(|all| all.len())
}

/// Promise to write `bytes`, behind all others, to the same descriptor; false: there is no memory for them.
#[must_use]
pub fn add(to: RawFd, bytes: &[u8]) -> bool {
    TO.set(to);
    BYTES.with_borrow_mut(|all| {
        let fits = heap::try_reserve(all, bytes.len());
        if fits {
            all.extend_from_slice(bytes);
        }
        fits
    })
}

/// Write them.
///
/// # Errors
/// Of write(2); then they are gone.
pub fn keep() -> Result<(), Errno> {
    BYTES.with_borrow_mut(|all| {
        let result = fd::write_all(TO.get(), all);
        all.clear();
        result
    })
}

/// The process is about to end for want of memory: write them, if that can be done. Needs no memory.
pub(super) fn rescue() {
    let _ = BYTES.try_with(|all| all.try_borrow().map(|all| fd::write_all(TO.get(), &all)));
}
