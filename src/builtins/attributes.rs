//! `export`, `readonly`, `local`, `unset`: attributes of variables (XCU 2.15).

use crate::builtins::{Builtin, BuiltinResult, Kind, bad_name, listing, options};
use crate::fields::Fields;
use crate::find;
use crate::shell::Shell;
use crate::shell::vars::is_name;
use crate::status::{Error, ExitStatus};
use bstr::BStr;

/// `export`
pub const EXPORT: Builtin = Builtin {
    name: "export",
    kind: Kind::Special,
    usage: "export name[=value]...\nexport -p",
    about: "Pass variables to programs.\n-p  print the exported variables so that the shell can read them back\n-n  stop exporting",
    run: |shell, fields| declare(shell, fields, true),
};

/// `readonly`
pub const READONLY: Builtin = Builtin {
    name: "readonly",
    kind: Kind::Special,
    usage: "readonly name[=value]...\nreadonly -p",
    about: "Make variables unchangeable.\n-p  print the read-only variables so that the shell can read them back",
    run: |shell, fields| declare(shell, fields, false),
};

/// `local`
pub const LOCAL: Builtin = Builtin {
    name: "local",
    kind: Kind::Special,
    usage: "local [-] name[=value]...",
    about: "In a function: variables that get their old values back at its end; unset without a value.\n-  also the options of `set`",
    run: local,
};

/// `unset`
pub const UNSET: Builtin = Builtin {
    name: "unset",
    kind: Kind::Special,
    usage: "unset [-v | -f] name...",
    about: "Forget variables, or functions.\n-v  variables (the default)\n-f  functions",
    run: unset,
};

/// `name` and `value` of an operand.
fn split(operand: &BStr) -> (&[u8], Option<&[u8]>) {
    match find::byte(b'=', operand) {
        Some(equals) => (&operand[..equals], Some(&operand[equals + 1..])),
        None => (operand, None),
    }
}

/// The error for an operand that begins with no name. `export a = 5` has one that begins with nothing.
fn no_name(operand: &BStr, name: &[u8]) -> Error {
    if operand.starts_with(b"=") {
        return Error::usage([operand, &b": an assignment has no blanks around its \"=\""[..]].concat());
    }
    bad_name(name)
}

fn declare(shell: &mut Shell, fields: &Fields, exporting: bool) -> BuiltinResult {
    let (found, first) = options(fields, if exporting { "pn" } else { "p" })?;
    if fields.get(first).is_none() {
        return print(shell, exporting);
    }
    let remove = found.iter().any(|option| option.letter == b'n');
    for operand in fields.iter_from(first) {
        let (name, value) = split(operand);
        if !is_name(name) {
            return Err(no_name(operand, name).into());
        }
        let slot = shell.vars.slot_of(name);
        if let Some(value) = value {
            shell.vars.set(slot, value)?;
        }
        if exporting { shell.vars.set_exported(slot, !remove) } else { shell.vars.set_readonly(slot) }
    }
    Ok(ExitStatus::SUCCESS)
}

fn print(shell: &mut Shell, exporting: bool) -> BuiltinResult {
    let mut out = Vec::new();
    let prefix = if exporting { "export " } else { "readonly " };
    for slot in shell.vars.sorted() {
        let variable = shell.vars.at(slot);
        if !(if exporting { variable.exported } else { variable.readonly }) {
            continue;
        }
        match variable.value() {
            Some(value) => listing::assignment(&mut out, prefix, shell.vars.name(slot), value),
            None => {
                out.extend_from_slice(prefix.as_bytes());
                out.extend_from_slice(shell.vars.name(slot));
                out.push(b'\n');
            }
        }
    }
    shell.io.write(&out)?;
    Ok(ExitStatus::SUCCESS)
}

fn local(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    if shell.function_depth == 0 {
        return Err(Error::usage("not in a function").into());
    }
    let (_, first) = options(fields, "")?;
    for operand in fields.iter_from(first) {
        if operand == "-" {
            shell.local_options.get_or_insert(shell.options);
            continue;
        }
        let (name, value) = split(operand);
        if !is_name(name) {
            return Err(no_name(operand, name).into());
        }
        let slot = shell.vars.slot_of(name);
        let is_new = !shell.vars.is_local_since(shell.locals_mark, slot);
        if is_new {
            shell.vars.make_local(slot);
        }
        match value {
            Some(value) => shell.vars.set(slot, value)?,
            None if is_new => shell.vars.unset(slot)?,
            None => {}
        }
    }
    Ok(ExitStatus::SUCCESS)
}

fn unset(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, first) = options(fields, "vf")?;
    let functions = found.last().is_some_and(|option| option.letter == b'f');
    let either = found.is_empty();
    for name in fields.iter_from(first) {
        if functions {
            shell.commands.remove_function(name);
            continue;
        }
        if !is_name(name) {
            if either && shell.commands.remove_function(name) {
                continue;
            }
            return Err(bad_name(name).into());
        }
        let variable = shell.vars.slot_of(name);
        let known = shell.vars.at(variable).value().is_some() || shell.vars.at(variable).readonly;
        if !known && either && shell.commands.remove_function(name) {
            continue;
        }
        shell.vars.unset(variable)?;
    }
    Ok(ExitStatus::SUCCESS)
}
