//! Descriptors of the shell's own that stay open while commands of the user run, which may name any number: one that is in the way moves to
//! another.
//!
//! System calls: fcntl (F_DUPFD_CLOEXEC), close.

use crate::sys::fd;
use nix::errno::Errno;
use std::cell::{Cell, RefCell};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::rc::Rc;

/// What is known of one.
#[derive(Debug)]
struct Place {
    number: Cell<RawFd>,
    /// A copy of what a descriptor was before it was redirected.
    is_replaced: bool,
}

thread_local! {
    /// All that are open; the last is the youngest.
    static OPEN: RefCell<Vec<Rc<Place>>> = const { RefCell::new(Vec::new()) };
}

/// A descriptor whose number is not the same for ever: do not keep it over a command of the user's.
#[derive(Debug)]
pub struct Private(Rc<Place>);

impl Private {
    /// From now on the descriptor can move.
    pub fn new(fd: OwnedFd) -> Self {
        Self::register(fd, false)
    }

    /// A copy of what the descriptor `number` is, which becomes something else for a while. Who puts it back needs the copy, also in a child
    /// that goes on in the middle of a command; a process with a command of its own does not ([`close_replaced`]).
    ///
    /// # Errors
    /// EBADF: it is not open; EMFILE: there are no descriptors left.
    pub fn copy_of(number: RawFd) -> Result<Self, Errno> {
        fd::dup_private(number).map(|copy| Self::register(copy, true))
    }

    fn register(fd: OwnedFd, is_replaced: bool) -> Self {
        let place = Rc::new(Place { number: Cell::new(fd.into_raw_fd()), is_replaced });
        OPEN.with_borrow_mut(|open| open.push(Rc::clone(&place)));
        Self(place)
    }
}

impl AsRawFd for Private {
    fn as_raw_fd(&self) -> RawFd {
        self.0.number.get()
    }
}

impl AsFd for Private {
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: it is open as long as `self` lives. It moves between two commands only, when nobody has borrowed it.
        unsafe { BorrowedFd::borrow_raw(self.as_raw_fd()) }
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // The process may end in the middle of this; else the list is there, and nobody looks at it.
        let _ = OPEN.try_with(|open| {
            let mut open = open.borrow_mut();
            // They mostly go in the reverse order of their coming.
            open.iter().rposition(|place| Rc::ptr_eq(place, &self.0)).map(|index| open.swap_remove(index))
        });
        // It is open, and nobody else's.
        let _ = fd::close(self.as_raw_fd());
    }
}

/// The user's command wants this number: what the shell has there goes to another. Returns whether it was one that can move.
///
/// # Errors
/// EMFILE: there is no other number left.
pub fn move_away(number: RawFd) -> Result<bool, Errno> {
    let found = OPEN.with_borrow(|open| open.iter().rfind(|place| place.number.get() == number).map(Rc::clone));
    let Some(place) = found else { return Ok(false) };
    fd::keep_free(number);
    place.number.set(fd::dup_private(number)?.into_raw_fd());
    // The number is free then.
    fd::close(number).map(|()| true)
}

/// In a child that never goes back to the commands around its own: a background job with a copy of a pipe's end would keep its reader waiting.
/// The process ends without destructors, so nothing is closed twice.
pub fn close_replaced() {
    OPEN.with_borrow_mut(|open| {
        open.retain(|place| {
            if place.is_replaced {
                // It is open.
                let _ = fd::close(place.number.get());
            }
            !place.is_replaced
        });
    });
}
