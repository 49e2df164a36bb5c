//! The entry of the program: C's `main`, and not Rust's.
//!
//! Before Rust's `main` its runtime makes twenty system calls that a shell has no use for or has to undo: it ignores SIGPIPE, opens
//! `/dev/null` for each of the descriptors 0, 1 and 2 that is closed (a script started with `>&-` is to get an error from `echo`), reads
//! `/proc/self/maps`, and installs handlers for an overflow of a stack that the shell does not use. A shell is started more often than
//! any other program, and hands what it was given on to its programs. The standard library works without its runtime's start.

/// Make `run` the program: what C's start-up code calls, in place of Rust's. The arguments are found by the standard library.
#[macro_export]
macro_rules! program {
    ($run:expr) => {
        /// What the C library calls when the process has been set up.
        // SAFETY: no other symbol of this name is in the program: the file that uses this has `#![no_main]`.
        #[unsafe(no_mangle)]
        pub extern "C" fn main() -> std::ffi::c_int {
            $run()
        }
    };
}
