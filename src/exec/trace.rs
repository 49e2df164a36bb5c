//! `set -x`: commands as they are executed, in a form that can be pasted back.

use crate::expand;
use crate::fields::Fields;
use crate::find;
use crate::quote;
use crate::shell::io::Target;
use crate::shell::vars::{is_name, slot};
use crate::shell::{Opt, Shell};
use crate::status::Flow;
use crate::syntax::ast::{Assignment, SimpleCommand};
use crate::syntax::reserved::Reserved;
use crate::sys::private::Private;
use std::os::fd::AsRawFd;

/// The shell's standard error, kept before the redirections of a command, behind which its assignments are made and traced (XCU 2.9.1.1):
/// the trace is the shell's and not the command's. `None`: there is nothing to keep, or it is closed.
#[inline]
pub fn place(shell: &Shell, command: &SimpleCommand) -> Option<Private> {
    let is_late = !command.assignments.is_empty() && !command.redirects.is_empty();
    match shell.io.error {
        Target::Fd(number) if is_late && shell.options.has(Opt::XTrace) => Private::copy_of(number).ok(),
        _ => None,
    }
}

/// Print PS4, the assignments with the values that the variables have now, and the fields; at a [`place`], if there is one.
///
/// # Errors
/// What expanding PS4 does to the flow.
#[cold]
pub fn command(
    shell: &mut Shell,
    assignments: &[Assignment],
    fields: &Fields,
    place: Option<&Private>,
) -> Result<(), Flow> {
    let mut line = prefix(shell)?;
    let mut first = true;
    for assignment in assignments {
        separate(&mut line, &mut first);
        line.extend_from_slice(assignment.name.text());
        line.push(b'=');
        let slot = shell.vars.slot(&assignment.name);
        quote::quote_into(&mut line, shell.vars.get(slot).unwrap_or_default());
    }
    for (index, field) in fields.iter().enumerate() {
        separate(&mut line, &mut first);
        let start = line.len();
        quote::quote_into(&mut line, field);
        if index == 0 && line[start..] == **field && would_be_syntax(field) {
            line.insert(start, b'\'');
            line.push(b'\'');
        }
    }
    line.push(b'\n');
    let error = shell.io.error;
    if let Some(place) = place {
        shell.io.error = Target::Fd(place.as_raw_fd());
    }
    shell.io.write_error(&line);
    shell.io.error = error;
    Ok(())
}

/// Whether a command name would be a reserved word or an assignment if it were not quoted.
fn would_be_syntax(name: &[u8]) -> bool {
    let assigned = find::byte(b'=', name).map(|equals| &name[..equals]);
    Reserved::of(name).is_some() || assigned.is_some_and(is_name)
}

fn separate(line: &mut Vec<u8>, first: &mut bool) {
    if !std::mem::replace(first, false) {
        line.push(b' ');
    }
}

/// PS4 (nothing if it was unset), expanded with tracing off.
fn prefix(shell: &mut Shell) -> Result<Vec<u8>, Flow> {
    let text = shell.vars.get(slot::PS4).map(|text| text.to_vec()).unwrap_or_default();
    let (status, line) = (shell.status, shell.vars.line);
    shell.options.set(Opt::XTrace, false);
    let expanded = expand::prompt(shell, &text, line);
    shell.options.set(Opt::XTrace, true);
    shell.status = status;
    expanded
}
