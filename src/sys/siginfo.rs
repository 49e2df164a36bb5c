//! What came with a signal: who sent it, how, and with which value (siginfo_t, sigaction(2)). The handler writes it down here.
//!
//! Signals of the old kind do not queue: the kernel keeps one of each, and so does the slot, the last one. Real-time signals do queue,
//! and none may be lost. The queue is the kernel's: a handler leaves its real-time signal *blocked* when it returns (it sets the bit in
//! the mask that the return restores), so the slot is not written again before [`release`]. The next one of the queue is delivered then.

use crate::sys::signal::{Mask, bit};
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering::Relaxed};

/// Who sent a signal, how, and what with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// How it was sent: `SI_USER` (kill), `SI_QUEUE` (sigqueue), `SI_KERNEL` (a terminal, a fault), `CLD_EXITED` ...
    pub code: i32,
    /// The sender; 0 if the kernel is the sender.
    pub pid: i32,
    /// The sender's user.
    pub uid: u32,
    /// The int that sigqueue sent, or a child's status.
    pub value: Option<i32>,
}

impl Details {
    /// The name of the code for a signal; `None` if it has none here.
    pub fn code_name(&self, signal: i32) -> Option<&'static str> {
        Some(match (self.code, signal) {
            (libc::SI_USER, _) => "SI_USER",
            (libc::SI_QUEUE, _) => "SI_QUEUE",
            (libc::SI_TIMER, _) => "SI_TIMER",
            (libc::SI_MESGQ, _) => "SI_MESGQ",
            (libc::SI_ASYNCIO, _) => "SI_ASYNCIO",
            (libc::SI_SIGIO, _) => "SI_SIGIO",
            (libc::SI_TKILL, _) => "SI_TKILL",
            (libc::SI_KERNEL, _) => "SI_KERNEL",
            (libc::CLD_EXITED, libc::SIGCHLD) => "CLD_EXITED",
            (libc::CLD_KILLED, libc::SIGCHLD) => "CLD_KILLED",
            (libc::CLD_DUMPED, libc::SIGCHLD) => "CLD_DUMPED",
            (libc::CLD_TRAPPED, libc::SIGCHLD) => "CLD_TRAPPED",
            (libc::CLD_STOPPED, libc::SIGCHLD) => "CLD_STOPPED",
            (libc::CLD_CONTINUED, libc::SIGCHLD) => "CLD_CONTINUED",
            _ => return None,
        })
    }
}

/// One signal's details. A handler runs to its end before what it has interrupted goes on, so a reader that has seen the same count
/// before and after has read one writing.
struct Slot {
    count: AtomicU32,
    code: AtomicI32,
    pid: AtomicI32,
    uid: AtomicU32,
    has_value: AtomicU32,
    value: AtomicI32,
}

static SLOTS: [Slot; 64] = [const {
    Slot {
        count: AtomicU32::new(0),
        code: AtomicI32::new(0),
        pid: AtomicI32::new(0),
        uid: AtomicU32::new(0),
        has_value: AtomicU32::new(0),
        value: AtomicI32::new(0),
    }
}; 64];

/// Real-time signals that have come and are blocked until they are released.
static HELD: AtomicU64 = AtomicU64::new(0);

fn slot(signal: i32) -> Option<&'static Slot> {
    SLOTS.get(usize::try_from(signal.checked_sub(1)?).ok()?)
}

/// Write down what came with a signal. Async-signal-safe.
pub(super) fn record(signal: i32, details: Details) {
    let Some(slot) = slot(signal) else { return };
    slot.code.store(details.code, Relaxed);
    slot.pid.store(details.pid, Relaxed);
    slot.uid.store(details.uid, Relaxed);
    slot.has_value.store(details.value.is_some().into(), Relaxed);
    slot.value.store(details.value.unwrap_or(0), Relaxed);
    slot.count.fetch_add(1, Relaxed);
}

/// What came with a signal when it was last caught.
pub fn details(signal: i32) -> Details {
    let Some(slot) = slot(signal) else { return Details::default() };
    loop {
        let before = slot.count.load(Relaxed);
        std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
        let details = Details {
            code: slot.code.load(Relaxed),
            pid: slot.pid.load(Relaxed),
            uid: slot.uid.load(Relaxed),
            value: (slot.has_value.load(Relaxed) != 0).then(|| slot.value.load(Relaxed)),
        };
        std::sync::atomic::compiler_fence(std::sync::atomic::Ordering::SeqCst);
        if slot.count.load(Relaxed) == before {
            return details;
        }
    }
}

/// Whether a signal queues in the kernel.
pub fn is_queued(signal: i32) -> bool {
    // The C library's own come before SIGRTMIN; 32 is the kernel's first.
    signal >= 32
}

/// In the handler: the signal stays blocked when the handler returns. Async-signal-safe.
pub(super) fn hold(signal: i32, mask_of_return: &mut Mask) {
    HELD.fetch_or(bit(signal), Relaxed);
    // SAFETY: the mask is initialised, and the signal is one.
    unsafe { libc::sigaddset(mask_of_return, signal) };
}

/// Let the next one of a real-time signal's queue in.
pub fn release(signal: i32) {
    if HELD.fetch_and(!bit(signal), Relaxed) & bit(signal) != 0 {
        crate::sys::signal::unblock(signal);
    }
}

/// In a forked child: nothing is held, because nothing is pending.
pub(super) fn forget() {
    HELD.store(0, Relaxed);
}

/// A mask and the signals that are held.
pub(super) fn with_held(mut mask: Mask) -> Mask {
    for signal in crate::sys::signal::bits(HELD.load(Relaxed)) {
        // SAFETY: the mask is initialised, and the signal is one.
        unsafe { libc::sigaddset(&raw mut mask, signal) };
    }
    mask
}

/// A mask without the signals that are held.
pub(super) fn without_held(mask: Mask) -> Mask {
    crate::sys::signal::bits(HELD.load(Relaxed)).fold(mask, crate::sys::signal::without)
}
