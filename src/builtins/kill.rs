//! `kill` (XCU 4): send a signal to processes and jobs.

use crate::builtins::{Builtin, BuiltinResult, Kind, about};
use crate::exec::trap;
use crate::fields::Fields;
use crate::jobs::{JobState, wait};
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::sys::{signal, signames};
use bstr::{BStr, BString, ByteSlice};

/// `kill`
pub const BUILTIN: Builtin = Builtin {
    name: "kill",
    kind: Kind::Regular,
    usage: "kill [-s SIGNAL | -SIGNAL] pid | %job...\nkill -l [status...]",
    about: "Send a signal (TERM) to processes, jobs, or process groups (negative numbers, behind `--`).\n\
            -s  the signal's name or number\n-l  print the names of all signals, or of those that a status or number stands for",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let mut number = libc::SIGTERM;
    let mut first = 1;
    match fields.get(1).map(|field| field.as_bytes()) {
        None => return Err(Error::usage("process or job expected").into()),
        Some(b"-l" | b"-L") => return list(shell, fields),
        Some(b"--") => first = 2,
        Some(b"-s" | b"-n") => {
            let name = fields.get(2).ok_or_else(|| Error::usage("-s: signal expected"))?;
            number = named(name)?;
            first = 3;
        }
        Some([b'-', b's', name @ ..]) => {
            number = named(name.as_bstr())
                .or_else(|error| named(fields.get(1).unwrap_or_default()[1..].as_bstr()).map_err(|_| error))?;
            first = 2;
        }
        Some([b'-', name @ ..]) if !name.is_empty() => {
            number = named(name.as_bstr())?;
            first = 2;
        }
        Some(_) => {}
    }
    if first > 1
        && fields.get(first).is_some_and(|field| field == "--")
        && fields.get(first - 1).is_some_and(|field| field != "--")
    {
        first += 1;
    }
    if fields.get(first).is_none() {
        return Err(Error::usage("process or job expected").into());
    }
    // A child that has ended is there until it was waited for: `while kill -0 $!` would never end.
    wait::poll(&mut shell.jobs);
    let mut status = ExitStatus::SUCCESS;
    for operand in fields.iter_from(first) {
        if let Err(error) = send(shell, operand, number) {
            status = ExitStatus::FAILURE;
            shell.report(&error.within("kill"));
        }
    }
    if signal::is_pending() {
        trap::run_pending(shell)?;
    }
    Ok(status)
}

fn named(name: &BStr) -> Result<i32, Error> {
    if name == "0" || name == "EXIT" {
        return Ok(0);
    }
    signames::condition(name).ok_or_else(|| about(name, "no such signal").with_status(ExitStatus::USAGE))
}

fn send(shell: &mut Shell, operand: &BStr, number: i32) -> Result<(), Error> {
    let refused = |errno| Error::system(BString::from(operand.as_bytes()), errno);
    if !operand.starts_with(b"%") {
        let target = operand.to_str().ok().and_then(|text| text.parse().ok());
        let target = target.ok_or_else(|| about(operand, "not a process id or a job"))?;
        return signal::send(target, number).map_err(refused);
    }
    let found = crate::jobs::id::find(&shell.jobs, operand)?;
    let Some(job) = shell.jobs.get(found) else { return Err(about(operand, "no such job")) };
    if matches!(job.state(), JobState::Ended(_)) {
        // Its ids may be somebody else's by now.
        return Err(refused(nix::errno::Errno::ESRCH));
    }
    // Without job control a job has no group of its own: its processes are signalled.
    let target = job.group.map_or(job.leader().as_raw(), |group| -group.as_raw());
    // A stopped job acts on no signal before it goes on; who ends one wants it to end now.
    let ends = matches!(number, libc::SIGTERM | libc::SIGHUP) && matches!(job.state(), JobState::Stopped(_));
    if number == libc::SIGCONT {
        shell.jobs.mark_continued(found);
    }
    signal::send(target, number).map_err(refused)?;
    if ends { signal::send(target, libc::SIGCONT).map_err(refused) } else { Ok(()) }
}

fn list(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let mut out = Vec::new();
    if fields.get(2).is_none() {
        for number in signames::all() {
            out.extend_from_slice(&signames::name_or_number(number));
            out.push(b'\n');
        }
    }
    for operand in fields.iter_from(2) {
        let digits = operand.to_str().ok().and_then(|text| text.parse::<i32>().ok());
        let text = match digits {
            Some(status) => {
                let number = if status > 128 { status - 128 } else { status };
                if number == 0 { Some("EXIT".into()) } else { signames::name(number) }
            }
            None => signames::condition(operand).map(|number| number.to_string().into()),
        };
        let Some(text) = text else { return Err(about(operand, "no such signal").into()) };
        out.extend_from_slice(&text);
        out.push(b'\n');
    }
    shell.io.write(&out)?;
    Ok(ExitStatus::SUCCESS)
}
