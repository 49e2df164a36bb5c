//! The names of signals (XBD `<signal.h>`), the words for them, and their numbers, which differ from machine to machine.
//!
//! Real-time signals have no fixed numbers: the C library keeps some of the kernel's 32 to 64 for itself and tells the first
//! that is free when it is asked.

use bstr::{BString, ByteSlice};

/// The highest number of a signal on Linux.
pub const LAST: i32 = 64;

/// Number, name without `SIG`, and what is said of a process that it ended. Sorted by number on most machines.
const TABLE: &[(i32, &str, &str)] = &[
    (libc::SIGHUP, "HUP", "Hangup"),
    (libc::SIGINT, "INT", "Interrupt"),
    (libc::SIGQUIT, "QUIT", "Quit"),
    (libc::SIGILL, "ILL", "Illegal instruction"),
    (libc::SIGTRAP, "TRAP", "Trace/breakpoint trap"),
    (libc::SIGABRT, "ABRT", "Aborted"),
    (libc::SIGBUS, "BUS", "Bus error"),
    (libc::SIGFPE, "FPE", "Floating point exception"),
    (libc::SIGKILL, "KILL", "Killed"),
    (libc::SIGUSR1, "USR1", "User defined signal 1"),
    (libc::SIGSEGV, "SEGV", "Segmentation fault"),
    (libc::SIGUSR2, "USR2", "User defined signal 2"),
    (libc::SIGPIPE, "PIPE", "Broken pipe"),
    (libc::SIGALRM, "ALRM", "Alarm clock"),
    (libc::SIGTERM, "TERM", "Terminated"),
    (libc::SIGSTKFLT, "STKFLT", "Stack fault"),
    (libc::SIGCHLD, "CHLD", "Child exited"),
    (libc::SIGCONT, "CONT", "Continued"),
    (libc::SIGSTOP, "STOP", "Stopped (signal)"),
    (libc::SIGTSTP, "TSTP", "Stopped"),
    (libc::SIGTTIN, "TTIN", "Stopped (tty input)"),
    (libc::SIGTTOU, "TTOU", "Stopped (tty output)"),
    (libc::SIGURG, "URG", "Urgent I/O condition"),
    (libc::SIGXCPU, "XCPU", "CPU time limit exceeded"),
    (libc::SIGXFSZ, "XFSZ", "File size limit exceeded"),
    (libc::SIGVTALRM, "VTALRM", "Virtual timer expired"),
    (libc::SIGPROF, "PROF", "Profiling timer expired"),
    (libc::SIGWINCH, "WINCH", "Window changed"),
    (libc::SIGIO, "IO", "I/O possible"),
    (libc::SIGPWR, "PWR", "Power failure"),
    (libc::SIGSYS, "SYS", "Bad system call"),
];

/// Other names of signals, read and never written.
const SYNONYMS: &[(i32, &str)] = &[(libc::SIGABRT, "IOT"), (libc::SIGCHLD, "CLD"), (libc::SIGIO, "POLL")];

/// The name of a signal without `SIG`: `INT`, `RTMIN+3`; `None` if the number is no signal that has one.
pub fn name(signal: i32) -> Option<BString> {
    if let Some(row) = TABLE.iter().find(|row| row.0 == signal) {
        return Some(BString::from(row.1));
    }
    let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());
    match signal {
        _ if signal < first || signal > last => None,
        _ if signal == first => Some(BString::from("RTMIN")),
        _ if signal == last => Some(BString::from("RTMAX")),
        _ if signal <= first + (last - first) / 2 => Some(BString::from(format!("RTMIN+{}", signal - first))),
        _ => Some(BString::from(format!("RTMAX-{}", last - signal))),
    }
}

/// The name of a signal, or its number if it has none.
pub fn name_or_number(signal: i32) -> BString {
    name(signal).unwrap_or_else(|| BString::from(signal.to_string()))
}

/// The number of the signal with a name, in any case, with or without `SIG`.
pub fn by_name(name: &[u8]) -> Option<i32> {
    let upper = name.to_ascii_uppercase();
    let name = upper.strip_prefix(b"SIG").unwrap_or(&upper);
    if let Some(row) = TABLE.iter().find(|row| row.1.as_bytes() == name) {
        return Some(row.0);
    }
    if let Some(row) = SYNONYMS.iter().find(|row| row.1.as_bytes() == name) {
        return Some(row.0);
    }
    real_time(name)
}

/// `RTMIN`, `RTMIN+n`, `RTMAX`, `RTMAX-n`
fn real_time(name: &[u8]) -> Option<i32> {
    let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());
    let signal = match (name.strip_prefix(b"RTMIN"), name.strip_prefix(b"RTMAX")) {
        (Some(b""), _) => first,
        (_, Some(b"")) => last,
        (Some([b'+', digits @ ..]), _) => first.checked_add(number(digits)?)?,
        (_, Some([b'-', digits @ ..])) => last.checked_sub(number(digits)?)?,
        _ => return None,
    };
    (first..=last).contains(&signal).then_some(signal)
}

/// An unsigned decimal integer, digits only.
pub fn number(digits: &[u8]) -> Option<i32> {
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if all { digits.to_str().ok()?.parse().ok() } else { None }
}

/// The number of a condition as `trap` and `kill` take it: a name, a number, or `EXIT` and 0 for 0.
pub fn condition(text: &[u8]) -> Option<i32> {
    match number(text) {
        Some(number) => (0..=LAST).contains(&number).then_some(number),
        None if text.eq_ignore_ascii_case(b"EXIT") => Some(0),
        None => by_name(text),
    }
}

/// What is said of a process that the signal ended: `Terminated`.
pub fn description(signal: i32) -> String {
    match TABLE.iter().find(|row| row.0 == signal) {
        Some(row) => row.2.to_owned(),
        None => match name(signal) {
            Some(name) => format!("Real-time signal {name}"),
            None => format!("Signal {signal}"),
        },
    }
}

/// All signals that have a name, in order.
pub fn all() -> impl Iterator<Item = i32> {
    (1..=LAST).filter(|&signal| TABLE.iter().any(|row| row.0 == signal) || name(signal).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_and_without_the_prefix_in_any_case() {
        assert_eq!(by_name(b"INT"), Some(libc::SIGINT));
        assert_eq!(by_name(b"SIGint"), Some(libc::SIGINT));
        assert_eq!(by_name(b"cld"), Some(libc::SIGCHLD));
        assert_eq!(by_name(b"SIG"), None);
        assert_eq!(by_name(b"SIGSIGINT"), None);
        assert_eq!(by_name(b""), None);
    }

    #[test]
    fn every_name_is_read_back() {
        for signal in all() {
            let name = name(signal).unwrap_or_default();
            assert_eq!(by_name(&name), Some(signal), "{name}");
        }
        assert!(all().count() > 31);
    }

    #[test]
    fn real_time_signals_count_from_both_ends() {
        assert_eq!(by_name(b"RTMIN"), Some(libc::SIGRTMIN()));
        assert_eq!(by_name(b"RTMIN+2"), Some(libc::SIGRTMIN() + 2));
        assert_eq!(by_name(b"SIGRTMAX-1"), Some(libc::SIGRTMAX() - 1));
        assert_eq!(by_name(b"RTMIN+99"), None);
        assert_eq!(by_name(b"RTMAX-99"), None);
        assert_eq!(by_name(b"RTMIN-1"), None);
        assert_eq!(by_name(b"RTMIN++1"), None);
        assert_eq!(by_name(b"RTMIN+99999999999"), None);
    }

    #[test]
    fn conditions_are_names_or_numbers() {
        assert_eq!(condition(b"0"), Some(0));
        assert_eq!(condition(b"exit"), Some(0));
        assert_eq!(condition(b"15"), Some(15));
        assert_eq!(condition(b"65"), None);
        assert_eq!(condition(b"-1"), None);
        assert_eq!(condition(b"+1"), None);
        assert_eq!(condition(b"term"), Some(libc::SIGTERM));
    }
}
