//! The only door to the kernel, and the only unsafe code.

pub mod entry;
pub mod fd;
pub mod file;
pub mod fork;
pub mod format;
pub mod heap;
pub mod limits;
pub mod signal;
pub mod signames;
pub mod spawn;
pub mod stack;
pub mod tty;
pub mod wait;
