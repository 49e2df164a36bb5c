//! The only door to the kernel, and the only unsafe code.

pub mod clock;
pub mod entry;
pub mod fd;
pub mod file;
pub mod fork;
pub mod format;
pub mod heap;
pub mod interrupt;
pub mod limits;
pub mod mqueue;
pub mod msg;
pub mod pidfd;
pub mod poll;
pub mod resolve;
pub mod signal;
pub mod signames;
pub mod socket;
pub mod spawn;
pub mod stack;
pub mod stream;
pub mod transfer;
pub mod tty;
pub mod vanish;
pub mod wait;
