//! What `kill` shows instead of sending: names of signals (`-l`, `-L`), and the sets of a process (`-d`).

use crate::builtins::kill::reason;
use crate::builtins::{BuiltinResult, about};
use crate::fields::Fields;
use crate::ipc::signals::Status;
use crate::jobs::id;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::sys::signal::{self, bits};
use crate::sys::signames;
use bstr::{BStr, ByteSlice};

/// The index of the first operand behind `-l` or `-d`.
fn operands(fields: &Fields) -> usize {
    2 + usize::from(fields.get(2).is_some_and(|field| field == "--"))
}

/// `-l`: all names, or what a number, the status of a process, or a name stands for.
///
/// # Errors
/// An operand is none of these; the write failed.
pub fn names(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let mut out = Vec::new();
    let first = operands(fields);
    if fields.get(first).is_none() {
        for number in signames::all() {
            out.extend_from_slice(&signames::name_or_number(number));
            out.push(b'\n');
        }
    }
    for operand in fields.iter_from(first) {
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

/// `-L`: a table of numbers, names, and words.
///
/// # Errors
/// The write failed.
pub fn table(shell: &mut Shell) -> BuiltinResult {
    let mut out = String::new();
    for number in signames::all() {
        let name = signames::name_or_number(number);
        out.push_str(&format!("{number:>2} {:<10} {}\n", name.to_string(), signames::description(number)));
    }
    shell.io.write(out.as_bytes())?;
    Ok(ExitStatus::SUCCESS)
}

/// `-d`: the sets of signals of processes.
///
/// # Errors
/// An operand is no process; the write failed.
pub fn sets(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let first = operands(fields);
    if fields.get(first).is_none() {
        return Err(Error::usage("-d: process expected").into());
    }
    let mut out = Vec::new();
    // What a wait or the start of a program has left is none of what the user has said.
    signal::let_go();
    for operand in fields.iter_from(first) {
        let pid = process(shell, operand)?;
        let sets = Status::of(pid).map_err(|errno| reason(operand, errno))?.sets();
        let rows =
            [("pending", sets.pending), ("blocked", sets.blocked), ("ignored", sets.ignored), ("caught", sets.caught)];
        for (name, set) in rows {
            out.extend_from_slice(name.as_bytes());
            for (index, signal) in bits(set).enumerate() {
                let column = if index == 0 { 9 - name.len() } else { 1 };
                out.resize(out.len() + column, b' ');
                out.extend_from_slice(&signames::name_or_number(signal));
            }
            out.push(b'\n');
        }
    }
    shell.io.write(&out)?;
    Ok(ExitStatus::SUCCESS)
}

fn process(shell: &Shell, operand: &BStr) -> Result<i32, Error> {
    if !operand.starts_with(b"%") {
        return signames::number(operand)
            .filter(|&pid| pid > 0)
            .ok_or_else(|| about(operand, "not a process id or a job (such as %1)"));
    }
    Ok(id::find_shown(&shell.jobs, operand)?.leader().as_raw())
}
