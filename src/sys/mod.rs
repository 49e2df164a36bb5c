//! The only door to the kernel, and the only unsafe code.

pub mod fd;
pub mod fork;
pub mod signal;
pub mod spawn;
pub mod stack;
pub mod tty;
