//! What a child does between its birth and exec, as data, and the fast way to start a program.
//!
//! fork's cost grows with the shell's memory; clone with CLONE_VM|CLONE_VFORK shares the memory and stops the parent
//! until exec, so it costs the same for a shell of 2 MiB and of 500 MiB. The child then runs on the parent's memory: it
//! must not allocate, must not return, and must not run a signal handler. [`ChildSetup::apply`] is written for that and serves
//! forked children too.

use crate::sys::signal::{self, bits};
use crate::sys::stops;
use nix::errno::Errno;
use nix::unistd::Pid;
use std::os::fd::RawFd;

/// What a child does before exec (or before it goes on as a shell), in this order: group, terminal, signals, descriptors; then no signal is blocked.
#[derive(Clone, Debug)]
pub struct ChildSetup<'a> {
    /// setpgid: the group to join, 0 for a new one of its own; `None`: stay in the parent's.
    pub group: Option<Pid>,
    /// tcsetpgrp: give this terminal to the child's group.
    pub terminal: Option<RawFd>,
    /// Signals (bits as in `sys::signal`) that get their default action.
    pub default_signals: u64,
    /// Signals that are ignored.
    pub ignored_signals: u64,
    /// dup2 in this order: (from, to); `from` -1 closes `to`.
    pub descriptors: &'a [(RawFd, RawFd)],
}

/// Which step failed, for the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// clone: the process could not be made.
    Fork,
    /// dup2 of the descriptor with this number.
    Dup(RawFd),
    /// exec.
    Exec,
}

impl ChildSetup<'_> {
    /// Do it, in a forked child: what `sys::signal` remembers of dispositions is its own copy.
    ///
    /// # Errors
    /// A descriptor that cannot be duplicated. A group or terminal that cannot be set is no error: the parent does the same,
    /// and whoever is second may be late.
    pub fn apply(&self) -> Result<(), (Step, Errno)> {
        self.set_group();
        for signal in bits(self.default_signals) {
            // Refused for SIGKILL and SIGSTOP only.
            let _ = signal::set(signal, signal::Disposition::Default);
        }
        for signal in bits(self.ignored_signals) {
            let _ = signal::set(signal, signal::Disposition::Ignore);
        }
        self.set_descriptors()?;
        signal::set_mask_exactly(&signal::empty_mask());
        Ok(())
    }

    /// What the signals that [`ChildSetup::apply`] sets do now.
    pub fn dispositions(&self) -> Vec<(i32, signal::Disposition)> {
        // (Every signal in the sets has one.)
        let known = |number| signal::get(number).map(|now| (number, now)).ok();
        bits(self.default_signals | self.ignored_signals).filter_map(known).collect()
    }

    /// The same in a child on its parent's memory, which has handlers that are not for it, and must not stop before exec.
    /// Async-signal-safe: system calls only.
    fn apply_shared(&self, handled: u64) -> Result<(), (Step, Errno)> {
        self.set_group();
        for signal in bits((self.default_signals | handled) & !self.ignored_signals) {
            let action = if signal::bit(signal) & signal::STOPS == 0 { libc::SIG_DFL } else { stops::handler() };
            let _ = signal::act(signal, action);
        }
        for signal in bits(self.ignored_signals) {
            let _ = signal::act(signal, libc::SIG_IGN);
        }
        self.set_descriptors()?;
        signal::set_mask_exactly(&signal::empty_mask());
        Ok(())
    }

    /// Whether no signal and no group has to be seen to.
    fn is_plain(&self) -> bool {
        self.default_signals | self.ignored_signals == 0 && self.group.is_none()
    }

    fn set_group(&self) {
        if let Some(group) = self.group {
            // SAFETY: setpgid touches no memory.
            unsafe { libc::setpgid(0, group.as_raw()) };
            if let Some(terminal) = self.terminal {
                crate::sys::tty::set_foreground_from_child(terminal);
            }
        }
    }

    fn set_descriptors(&self) -> Result<(), (Step, Errno)> {
        for &(from, to) in self.descriptors {
            if from < 0 {
                let _ = crate::sys::fd::close(to);
            } else {
                crate::sys::fd::dup2(from, to).map_err(|errno| (Step::Dup(to), errno))?;
            }
        }
        Ok(())
    }
}

/// A program to start: pointers as execve takes them. The vectors end with a null pointer.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// Path of the file.
    pub path: &'a std::ffi::CStr,
    /// Argument vector.
    pub argv: &'a [*const libc::c_char],
    /// Environment.
    pub envp: &'a [*const libc::c_char],
}

/// execve(2); returns only the error.
pub fn exec(program: Program<'_>) -> Errno {
    // SAFETY: path and vectors are NUL- and null-terminated.
    unsafe { libc::execve(program.path.as_ptr(), program.argv.as_ptr(), program.envp.as_ptr()) };
    Errno::last()
}

const STACK: usize = 64 << 10;

/// What the child needs; lives in the parent's frame, which stands still meanwhile.
struct Order<'a> {
    program: Program<'a>,
    setup: &'a ChildSetup<'a>,
    /// The signals that are caught here; `None`: no signal has to be seen to.
    handled: Option<u64>,
    failed: Option<(Step, Errno)>,
}

extern "C" fn child(order: *mut libc::c_void) -> libc::c_int {
    // SAFETY: the parent passes a pointer to its `Order` and does not run until exec or _exit.
    let order = unsafe { &mut *order.cast::<Order<'_>>() };
    let prepared = match order.handled {
        None => order.setup.set_descriptors(),
        Some(handled) => order.setup.apply_shared(handled),
    };
    let failed = prepared.map_or_else(|failed| failed, |()| (Step::Exec, exec(order.program)));
    order.failed = Some(failed);
    // SAFETY: _exit ends the child without touching the shared memory.
    unsafe { libc::_exit(127) }
}

/// Start a program. If signals are caught here, all are blocked meanwhile, so that no handler of the parent's runs in the child on the
/// parent's memory.
///
/// # Errors
/// The step that failed; no process is left behind.
pub fn spawn(program: Program<'_>, setup: &ChildSetup<'_>) -> Result<Pid, (Step, Errno)> {
    use std::cell::Cell;
    thread_local! { static CHILD_STACK: Cell<usize> = const { Cell::new(0) }; }
    let mut top = CHILD_STACK.get();
    if top == 0 {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: a new private mapping at an address of the kernel's choice.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), STACK, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err((Step::Fork, Errno::last()));
        }
        top = base.addr() + STACK;
        CHILD_STACK.set(top);
    }
    stops::see_to();
    signal::let_go_of_fatal();
    let is_plain = setup.is_plain() && signal::is_undisturbed();
    let mut order = Order { program, setup, handled: (!is_plain).then(signal::handled), failed: None };
    let old = (!is_plain).then(signal::block_all);
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the stack is 64 KiB, 16-byte aligned, used by one child at a time; `order` outlives the child's use of it,
    // because CLONE_VFORK stops this process until the child has called exec or _exit.
    let pid = unsafe { libc::clone(child, std::ptr::without_provenance_mut(top), flags, (&raw mut order).cast()) };
    let result = match Errno::result(pid) {
        Err(errno) => Err((Step::Fork, errno)),
        Ok(pid) => {
            stops::pass_on();
            match order.failed {
                Some(failed) => {
                    reap(pid);
                    Err(failed)
                }
                None => {
                    if old.is_some() {
                        signal::pass_on_waiting(pid, u64::MAX);
                    }
                    Ok(Pid::from_raw(pid))
                }
            }
        }
    };
    if let Some(old) = old {
        signal::set_mask(&old);
    }
    result
}

/// Collect a child that could not exec.
fn reap(pid: libc::pid_t) {
    // SAFETY: waitpid with a null status touches no memory.
    while unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) } == -1 && Errno::last() == Errno::EINTR {}
}
