//! `mq wait` and `mq notify`: to be told that a message has come, which stays where it is.

use super::{one_address, parse};
use crate::builtins::message::{self, NOWHERE, failed, failed_at, number, patience};
use crate::builtins::{BuiltinResult, options, too_many_arguments};
use crate::exec;
use crate::fields::Fields;
use crate::ipc::mq::{posix, sysv};
use crate::ipc::signals::Process;
use crate::ipc::{self, Address, Role, address};
use crate::quote::quote_into;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::syntax::Parser;
use crate::sys::signames;
use bstr::{BStr, ByteSlice};
use nix::errno::Errno;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// `mq wait`: until there is a message.
///
/// # Errors
/// There is no such queue; how the wait has ended.
pub fn wait(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (found, address) = one_address(rest, "t:P:")?;
    let (mut seconds, mut process) = (None, None);
    for option in &found {
        let argument = option.argument.unwrap_or_default();
        match option.letter {
            b't' => seconds = Some(argument),
            _ => process = Some(number(b'P', argument)?),
        }
    }
    let mut wait = message::wait(shell, patience(false, seconds)?);
    let process = match process.map(Process::open) {
        Some(Err(Errno::ESRCH)) => return Ok(NOWHERE),
        Some(Err(errno)) => return failed(&ipc::Error::refused("-P", errno)),
        Some(Ok(process)) => Some(process),
        None => None,
    };
    let end = process.as_ref().map(Process::end);
    let result = match &address {
        Address::Posix(name) => posix::Queue::open(name.as_bstr(), Role::Receiver, &shell.held).and_then(|queue| {
            let fds: Vec<_> = std::iter::once(queue.fd().as_fd()).chain(end).collect();
            wait.first(&address, &fds, None).map(|first| first == Some(0))
        }),
        Address::SystemV(queue) => wait_sysv(queue, &address, end, &mut wait),
        _ => Ok(true),
    };
    result.map_or_else(
        |error| failed_at(&error, &address, Role::Receiver),
        |came| Ok(if came { ExitStatus::SUCCESS } else { NOWHERE }),
    )
}

/// The kernel has no call that waits for a System V message without taking it: look again, less and less often. False: the process
/// of which `end` is has ended.
fn wait_sysv(
    queue: &address::SystemV,
    address: &Address,
    end: Option<BorrowedFd<'_>>,
    wait: &mut ipc::Wait,
) -> Result<bool, ipc::Error> {
    let queue = sysv::Queue::open(queue)?;
    let mut pause = Duration::from_millis(1);
    while queue.messages()? == 0 {
        if wait.first(address, end.as_slice(), Some(pause))?.is_some() {
            return Ok(false);
        }
        pause = (pause * 2).min(Duration::from_millis(50));
    }
    Ok(true)
}

/// `mq notify`. A signal: the kernel remembers who wants it, once, and until that process ends. A command: a job in the background waits until there is a
/// message, no longer than the shell is there. A function named `mq` is not asked.
///
/// # Errors
/// There is no such queue; somebody is registered already (EBUSY).
pub fn notify(shell: &mut Shell, rest: &Fields) -> BuiltinResult {
    let (found, first) = options(rest, "s:")?;
    let place = rest.get(first).ok_or_else(|| Error::usage("address expected"))?;
    let Address::Posix(name) = parse(place)? else {
        return Err(Error::usage(format!("{place}: the kernel notifies of POSIX queues only")).into());
    };
    let signal = found.last().and_then(|option| option.argument);
    let behind = rest.get(first + 1).map(|word| word.as_bytes());
    match (behind, rest.get(first + 2)) {
        (Some(b"--"), Some(_)) if signal.is_none() => notify_job(shell, name.as_bstr(), rest, first + 2),
        (Some(b"-s"), Some(_)) if rest.get(first + 3).is_some() => Err(too_many_arguments().into()),
        (Some(b"-s"), behind @ Some(_)) if signal.is_none() => notify_signal(shell, name.as_bstr(), behind),
        (None, _) => notify_signal(shell, name.as_bstr(), signal),
        _ => Err(Error::usage("-s signal or -- command expected").into()),
    }
}

fn notify_signal(shell: &mut Shell, queue: &BStr, signal: Option<&BStr>) -> BuiltinResult {
    let number = signal.map_or(Some(libc::SIGUSR1), |name| signames::condition(name)).filter(|&number| number > 0);
    let number = number.ok_or_else(|| Error::usage(format!("{}: no such signal", signal.unwrap_or_default())))?;
    let registered = shell.held.register(queue, number);
    let refused = |error| failed_at(&error, &Address::Posix(queue.to_owned()), Role::Receiver);
    registered.map_or_else(refused, |()| Ok(ExitStatus::SUCCESS))
}

fn notify_job(shell: &mut Shell, queue: &BStr, rest: &Fields, command: usize) -> BuiltinResult {
    // That it is not there is said here, and not by the job.
    if let Err(error) = posix::Queue::open(queue, Role::Receiver, &shell.held) {
        return failed_at(&error, &Address::Posix(queue.to_owned()), Role::Receiver);
    }
    let mut text = format!("command mq wait -P {} ", nix::unistd::getpid()).into_bytes();
    quote_into(&mut text, queue);
    text.extend_from_slice(b" &&");
    for word in rest.iter_from(command) {
        text.push(b' ');
        quote_into(&mut text, word);
    }
    text.extend_from_slice(b" &\n");
    let line = shell.vars.line;
    let status = exec::run(shell, Parser::of_text(text, line), false)?;
    // What was typed is what the user knows the job by.
    let mut typed = b"mq".to_vec();
    for word in rest.iter() {
        typed.push(b' ');
        quote_into(&mut typed, word);
    }
    shell.jobs.rename_last(typed.into());
    Ok(status)
}
