//! `kill` (XCU 4): send a signal to processes and jobs; wait for their end, and insist.

mod options;
mod show;

use crate::builtins::{Builtin, BuiltinResult, Kind, about, message, too_many_arguments};
use crate::fields::Fields;
use crate::ipc::signals::{self, Process};
use crate::ipc::{self, Patience, Why, error::words};
use crate::jobs::{JobState, id, wait};
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::sys::signal;
use bstr::{BStr, BString, ByteSlice};
use nix::errno::Errno;
use nix::unistd::Pid;
use options::Request;
use std::time::Duration;

/// `kill`
pub const BUILTIN: Builtin = Builtin {
    name: "kill",
    kind: Kind::Regular,
    usage: "kill [-s sig | -n num | -sig] [-q value] [-w[sec]] [--timeout ms sig]... [--pidfile file [--comm name]] [--] pid | %job | -pgid ...\n\
            kill -l [status | num | name]...\nkill -L\nkill -d pid...",
    about: "Send a signal (TERM) to processes, jobs, or process groups (negative numbers, behind the signal or `--`; 0 is one's own).\n\
            -s SIG  the signal's name or number; 0 only asks whether it could be sent\n\
            -q VALUE  send an int with it (sigqueue); real-time signals (RTMIN ... RTMAX) queue, others do not\n\
            -w  wait until the processes have gone; -w5, in one word, at most 5 seconds after the last signal (status 124)\n\
            --timeout MS SIG  if they have not gone after MS milliseconds, send SIG; may be repeated\n\
            --pidfile FILE  the process that FILE names, unless the file is stale: no such process, or one younger than the file\n\
            --comm NAME  or one that runs another program\n\
            -l  print the names of all signals, or of those that a status or number stands for, or a name's number\n\
            -L  print a table of them\n-d  print which signals a process has pending, blocks, ignores and catches\n\
            Status: 0 all were signalled, 1 one was not, 2 usage, 124 time-out of -w, 128+n signal n during the wait.",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    if message::help(shell, &BUILTIN, fields)? {
        return Ok(ExitStatus::SUCCESS);
    }
    let result = match fields.get(1).map(|word| word.as_bytes()) {
        Some(b"-l") => show::names(shell, fields),
        Some(b"-L") if fields.get(2).is_some() => Err(too_many_arguments().into()),
        Some(b"-L") => show::table(shell),
        Some(b"-d") => show::sets(shell, fields),
        _ => Request::parse(fields).map_err(Into::into).and_then(|request| kill(shell, fields, &request)),
    };
    message::with_usage(shell, &BUILTIN, result)
}

/// Whom a signal is for.
enum Target {
    /// A number, and the process that had it before the first signal, if the request waits for it.
    Process(i32, Option<Process>),
    /// A group's number; 0: the shell's own.
    Group(i32),
    /// A job's number, and its processes, if the request waits for them.
    Job(usize, Vec<Process>),
    /// The process of a pid file.
    Filed(Process),
}

fn kill(shell: &mut Shell, fields: &Fields, request: &Request) -> BuiltinResult {
    // A child that has ended is there until it was waited for: `while kill -0 $!` would never end.
    wait::poll(&mut shell.jobs);
    let mut status = ExitStatus::SUCCESS;
    let mut targets = Vec::new();
    let mut report = |shell: &mut Shell, error: Error| {
        status = ExitStatus::FAILURE;
        shell.report(&error.within("kill"));
    };
    if let Some(file) = &request.pid_file {
        match signals::from_pid_file(&file.to_path_lossy(), request.program.as_ref().map(|name| name.as_bytes())) {
            Ok(process) => targets.push((file.clone(), Target::Filed(process))),
            Err(error) => report(shell, Error::new(error.to_string())),
        }
    }
    let waits = request.wait.is_some() || !request.follow_ups.is_empty();
    for operand in fields.iter_from(request.first) {
        match find(shell, operand, waits) {
            Ok(target) => targets.push((operand.to_owned(), target)),
            Err(error) => report(shell, hint(request, operand, error)),
        }
    }
    if !send_to_all(shell, &mut targets, request, request.signal, true) {
        status = ExitStatus::FAILURE;
    }
    if waits {
        match see_off(shell, request, targets) {
            Ok(true) => {}
            Ok(false) => status = ExitStatus::FAILURE,
            Err(ipc::Error { why: Why::TimedOut, .. }) => return Ok(ExitStatus(124)),
            Err(error) => return message::failed(&error),
        }
    }
    Ok(status)
}

/// What an operand means.
fn find(shell: &Shell, operand: &BStr, waits: bool) -> Result<Target, Error> {
    // One that has gone need not be waited for; one that cannot be waited for has not gone.
    let open = |pid: i32| match if waits { Process::open(pid) } else { Err(Errno::ESRCH) } {
        Ok(process) => Ok(Some(process)),
        Err(Errno::ESRCH) => Ok(None),
        Err(errno) => Err(about(operand, &format!("cannot be waited for: {}", words(errno)))),
    };
    if operand.starts_with(b"%") {
        let job = id::find(&shell.jobs, operand)?;
        let processes = job.living().filter_map(|pid| open(pid.as_raw()).transpose()).collect::<Result<_, _>>()?;
        return Ok(Target::Job(job.number, processes));
    }
    let number: Option<i32> = operand.to_str().ok().and_then(|text| text.parse().ok());
    match number.map(|number| (number, number.checked_neg())) {
        Some((pid, _)) if pid > 0 => Ok(Target::Process(pid, open(pid)?)),
        Some((_, Some(group))) => Ok(Target::Group(group)),
        _ => Err(about(operand, "not a process id or a job (such as %1)")),
    }
}

/// The message about an operand that the system has refused.
fn reason(operand: &BStr, errno: Errno) -> Error {
    let mut text = BString::from(operand);
    text.extend_from_slice(format!(": {}", words(errno)).as_bytes());
    Error::new(text)
}

/// `kill -w 5` may have been meant as `-w5`.
fn hint(request: &Request, operand: &BStr, mut error: Error) -> Error {
    if request.seconds.as_ref().is_some_and(|seconds| seconds == operand) {
        error.tried.extend_from_slice(format!(" (to wait {operand} seconds, write -w{operand})").as_bytes());
    }
    error
}

fn send(shell: &mut Shell, target: &Target, number: i32, value: Option<i32>, is_first: bool) -> Result<(), Errno> {
    match target {
        // By now the number may be another process's.
        Target::Process(_, Some(process)) if !is_first => process.send(number, value),
        // -1, everybody, comes as the group 1 and goes back as -1.
        Target::Group(_) if value.is_some() => Err(Errno::EINVAL),
        Target::Group(group) => signal::send(-group, number),
        Target::Process(pid, _) => shell.jobs.send(Pid::from_raw(*pid), number, value),
        Target::Filed(process) => process.send(number, value),
        Target::Job(job, _) => send_to_job(shell, *job, number, value),
    }
}

/// Send a signal to a job of the shell.
///
/// # Errors
/// ESRCH: it has ended; EPERM, EINVAL, EAGAIN.
pub fn send_to_job(shell: &mut Shell, job: usize, number: i32, value: Option<i32>) -> Result<(), Errno> {
    if number == libc::SIGCONT {
        shell.jobs.mark_continued(job);
    }
    let Some(found) = shell.jobs.get(job) else { return Err(Errno::ESRCH) };
    // A stopped job acts on no signal before it goes on; who ends one wants it to end now.
    let ends = matches!(number, libc::SIGTERM | libc::SIGHUP) && matches!(found.state(), JobState::Stopped(_));
    shell.jobs.send_to_job(found, number, value)?;
    if ends { shell.jobs.send_to_job(found, libc::SIGCONT, None) } else { Ok(()) }
}

/// Send a signal to each target; false if one was refused, which is reported. What cannot be signalled is not waited for either.
fn send_to_all(
    shell: &mut Shell,
    targets: &mut Vec<(BString, Target)>,
    request: &Request,
    number: i32,
    is_first: bool,
) -> bool {
    let mut all = true;
    targets.retain(|(name, target)| match send(shell, target, number, request.value, is_first) {
        Ok(()) => true,
        // A follow-up that comes too late is not needed.
        Err(Errno::ESRCH) if !is_first => false,
        Err(errno) => {
            all = false;
            shell.report(&hint(request, name.as_bstr(), reason(name.as_bstr(), errno)).within("kill"));
            false
        }
    });
    all
}

/// Follow-up signals for those that do not go, and the wait for the end; false if a follow-up was refused.
fn see_off(shell: &mut Shell, request: &Request, mut targets: Vec<(BString, Target)>) -> Result<bool, ipc::Error> {
    let mut all = true;
    for (time, number) in &request.follow_ups {
        if await_end(shell, &mut targets, Some(*time))? {
            return Ok(all);
        }
        all &= send_to_all(shell, &mut targets, request, *number, false);
    }
    match request.wait {
        Some(time) if !await_end(shell, &mut targets, time)? => {
            Err(ipc::Error { tried: "kill".to_owned(), why: Why::TimedOut })
        }
        _ => Ok(all),
    }
}

/// Wait until all have gone; false if the time is up before. Those that have gone are taken out.
fn await_end(
    shell: &mut Shell,
    targets: &mut Vec<(BString, Target)>,
    time: Option<Duration>,
) -> Result<bool, ipc::Error> {
    let mut wait = message::wait(shell, time.map_or(Patience::Forever, Patience::within));
    let mut outcome = Ok(true);
    targets.retain(|(_, target)| {
        let gone = match target {
            Target::Process(_, process) => process.iter().try_for_each(|process| process.gone(&mut wait)),
            Target::Filed(process) => process.gone(&mut wait),
            Target::Job(_, processes) => processes.iter().try_for_each(|process| process.gone(&mut wait)),
            // It is the shell's own: it would wait for itself.
            Target::Group(0 | 1) => Ok(()),
            Target::Group(group) => signals::group_gone(*group, &mut wait, || wait::poll(&mut shell.jobs)),
        };
        match gone {
            Ok(()) => return false,
            Err(ipc::Error { why: Why::TimedOut, .. }) if outcome.is_ok() => outcome = Ok(false),
            Err(error) => outcome = Err(error),
        }
        true
    });
    outcome
}
