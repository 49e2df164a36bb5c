//! A large stack of the shell's own, so that 10,000 levels of recursion work under any `ulimit -s`, and a cheap question
//! "how much is left", so that endless recursion ends in a message.
//!
//! System calls: mmap. The pages cost nothing until they are used.

use crate::sys::limits::{Resource, getrlimit};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Lowest address that may still be used by a function that calls others.
static LIMIT: AtomicUsize = AtomicUsize::new(0);

/// Where the large stack begins and ends; 0 if there is none.
static BASE: AtomicUsize = AtomicUsize::new(0);
static TOP: AtomicUsize = AtomicUsize::new(0);

/// What must be left for functions that do not ask (and for signal handlers).
const RESERVE: usize = 256 << 10;

/// Whether the stack is nearly used up: the caller then refuses to go deeper ("nested too deeply").
#[inline]
pub fn is_low() -> bool {
    let here = 0u8;
    (&raw const here).addr() < LIMIT.load(Ordering::Relaxed)
}

/// Call `run` on a new stack of 256 MiB, or a quarter of what `ulimit -v` and `-d` allow (less if the system gives less; the old
/// stack if it gives none).
pub fn run_on_large_stack(run: fn() -> i32) -> i32 {
    let limit = [Resource::RLIMIT_AS, Resource::RLIMIT_DATA]
        .into_iter()
        .filter_map(|resource| getrlimit(resource).ok())
        .fold(u64::MAX, |least, (soft, _)| least.min(soft));
    // Whole pages, of whatever size they are.
    let quarter = usize::try_from(limit / 4).unwrap_or(usize::MAX) & !0xffff;
    let mut size = quarter.min(256 << 20);
    while size >= 1 << 20 {
        if let Some(base) = map(size) {
            LIMIT.store(base + RESERVE, Ordering::Relaxed);
            BASE.store(base, Ordering::Relaxed);
            TOP.store(base + size, Ordering::Relaxed);
            return call_on(base + size, run);
        }
        size /= 2;
    }
    let here = 0u8;
    LIMIT.store((&raw const here).addr().saturating_sub(1 << 20), Ordering::Relaxed);
    run()
}

/// The memory of this process is about to be limited to so many bytes (`ulimit -v`, `-d`): give back what the stack has beyond a quarter
/// of that and does not use, or nothing else could be had any more.
pub fn shrink(limit: u64) {
    let (base, top) = (BASE.load(Ordering::Relaxed), TOP.load(Ordering::Relaxed));
    let size = usize::try_from(limit / 4).unwrap_or(usize::MAX).max(1 << 20) & !0xffff;
    let here = 0u8;
    let used = (&raw const here).addr().saturating_sub(2 * RESERVE) & !0xffff;
    let new = top.saturating_sub(size).min(used);
    if base == 0 || new <= base {
        return;
    }
    // SAFETY: the pages from `base` to `new` are the lower end of the mapping; the stack, which grows down, has not come so far.
    let result = unsafe { libc::munmap(std::ptr::without_provenance_mut(base), new - base) };
    if result == 0 {
        BASE.store(new, Ordering::Relaxed);
        LIMIT.store(new + RESERVE, Ordering::Relaxed);
    }
}

fn map(size: usize) -> Option<usize> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK;
    // SAFETY: a new private mapping at an address of the kernel's choice.
    let base = unsafe { libc::mmap(std::ptr::null_mut(), size, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    (base != libc::MAP_FAILED).then(|| base.addr())
}

#[allow(improper_ctypes_definitions)]
extern "C" fn trampoline(run: fn() -> i32) -> i32 {
    run()
}

#[cfg(target_arch = "x86_64")]
fn call_on(top: usize, run: fn() -> i32) -> i32 {
    let result: i64;
    // SAFETY: `top` is the 16-byte aligned end of a mapping that is never unmapped. r12 is saved by the callee, so it
    // brings the old stack pointer back; everything a C call may change is declared.
    unsafe {
        std::arch::asm!(
            "mov r12, rsp",
            "mov rsp, {top}",
            "call {call}",
            "mov rsp, r12",
            out("r12") _,
            top = in(reg) top,
            call = sym trampoline,
            in("rdi") run,
            lateout("rax") result,
            clobber_abi("C"),
        );
    }
    result as i32
}

#[cfg(target_arch = "aarch64")]
fn call_on(top: usize, run: fn() -> i32) -> i32 {
    let result: i64;
    // SAFETY: as on x86_64; x20 is saved by the callee.
    unsafe {
        std::arch::asm!(
            "mov x20, sp",
            "mov sp, {top}",
            "bl {call}",
            "mov sp, x20",
            top = in(reg) top,
            call = sym trampoline,
            inlateout("x0") run as usize => result,
            out("x20") _,
            clobber_abi("C"),
        );
    }
    result as i32
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn call_on(_top: usize, run: fn() -> i32) -> i32 {
    let here = 0u8;
    LIMIT.store((&raw const here).addr().saturating_sub(1 << 20), Ordering::Relaxed);
    run()
}
