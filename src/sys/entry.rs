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

/// A number that differs from process to process and cannot be guessed. The kernel gives it at exec, so that it costs no system call.
pub fn seed() -> u64 {
    // SAFETY: getauxval touches no memory of ours.
    let random = unsafe { libc::getauxval(libc::AT_RANDOM) } as usize;
    if random == 0 {
        return 0;
    }
    // SAFETY: AT_RANDOM is the address of 16 bytes that stay where they are (getauxval(3)); no alignment is promised.
    unsafe { std::ptr::with_exposed_provenance::<u64>(random).read_unaligned() }
}
