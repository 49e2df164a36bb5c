//! `set -x`: commands as they are executed, in a form that can be pasted back.

use crate::expand;
use crate::fields::Fields;
use crate::find;
use crate::quote;
use crate::shell::vars::{is_name, slot};
use crate::shell::{Opt, Shell};
use crate::status::Flow;
use crate::syntax::ast::Assignment;
use crate::syntax::reserved::Reserved;

/// Print PS4, the assignments with the values that the variables have now, and the fields.
///
/// # Errors
/// What expanding PS4 does to the flow.
#[cold]
pub fn command(shell: &mut Shell, assignments: &[Assignment], fields: &Fields) -> Result<(), Flow> {
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
    shell.io.write_error(&line);
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
