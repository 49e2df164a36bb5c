//! `set` and `shift` (XCU 2.15): options and positional parameters.

use crate::builtins::{Builtin, BuiltinResult, Kind, about, operands, too_many_arguments, unknown_option};
use crate::fields::Fields;
use crate::jobs::terminal;
use crate::quote::quote_into;
use crate::shell::options::TABLE;
use crate::shell::{Opt, Options, Shell};
use crate::status::{Error, ExitStatus};
use bstr::ByteSlice;
use std::rc::Rc;

/// `set`
pub const SET: Builtin = Builtin {
    name: "set",
    kind: Kind::Special,
    usage: "set [-abCefhHmnuvx] [-o option] [argument...]\nset [+abCefhHmnuvx] [+o option] [argument...]\nset -o\nset +o",
    about: "Set options (`-`) or unset them (`+`), and the positional parameters. Alone: print all variables.\n\
            -o  alone: print the options; +o alone: print commands that set them as they are",
    run: set,
};

/// `shift`
pub const SHIFT: Builtin = Builtin {
    name: "shift",
    kind: Kind::Special,
    usage: "shift [n]",
    about: "Remove the first n positional parameters (1).",
    run: shift,
};

fn set(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    if fields.len() == 1 {
        return print_variables(shell);
    }
    let mut options = shell.options;
    let mut index = 1;
    let mut replace = false;
    while let Some(field) = fields.get(index) {
        let on = match field.first() {
            Some(b'-') => true,
            // A single `+` has no letters: it is skipped.
            Some(b'+') => false,
            _ => break,
        };
        index += 1;
        if field == "--" {
            replace = true;
            break;
        }
        if field == "-" {
            options.set(Opt::XTrace, false);
            options.set(Opt::Verbose, false);
            replace = fields.get(index).is_some();
            break;
        }
        for &letter in field[1..].iter() {
            if letter != b'o' {
                let invocation_only = b"ils".contains(&letter);
                let option =
                    Options::by_letter(letter).filter(|_| !invocation_only).ok_or_else(|| unknown_option(letter))?;
                options.set(option, on);
                continue;
            }
            let Some(name) = fields.get(index) else {
                apply(shell, options)?;
                return print_options(shell, on);
            };
            index += 1;
            let option =
                Options::by_name(name).ok_or_else(|| about(name, "no such option").with_status(ExitStatus::USAGE))?;
            options.set(option, on);
        }
    }
    apply(shell, options)?;
    if replace || fields.get(index).is_some() {
        let mut parameters = shell.pool.take();
        Rc::make_mut(&mut parameters).extend(fields.iter_from(index));
        shell.params.replace(parameters, 0);
        shell.getopts.anew = shell.getopts.at_end;
    }
    Ok(ExitStatus::SUCCESS)
}

/// The options take effect, all at once (XCU 2.15, `set`).
///
/// # Errors
/// Without a terminal there is no job control for an interactive shell.
pub fn apply(shell: &mut Shell, options: Options) -> Result<(), Error> {
    let monitor = options.has(Opt::Monitor);
    let changed = monitor != shell.options.has(Opt::Monitor);
    shell.options = options;
    shell.vars.export_all = options.has(Opt::AllExport);
    if changed { terminal::monitor_changed(&mut shell.jobs, monitor, options.has(Opt::Interactive)) } else { Ok(()) }
}

fn print_variables(shell: &mut Shell) -> BuiltinResult {
    let mut out = Vec::new();
    for slot in shell.vars.sorted() {
        if let Some(value) = shell.vars.at(slot).value() {
            out.extend_from_slice(shell.vars.name(slot));
            out.push(b'=');
            quote_into(&mut out, value);
            out.push(b'\n');
        }
    }
    shell.io.write(&out)?;
    Ok(ExitStatus::SUCCESS)
}

/// The options as a table for people, or as commands that set them as they are.
fn print_options(shell: &mut Shell, for_people: bool) -> BuiltinResult {
    let mut out = String::new();
    for (_, name, option) in TABLE {
        let Some(name) = name else { continue };
        let on = shell.options.has(*option);
        if for_people {
            out.push_str(&format!("{name:<16}{}\n", if on { "on" } else { "off" }));
        } else {
            out.push_str(&format!("set {}o {name}\n", if on { '-' } else { '+' }));
        }
    }
    shell.io.write(out.as_bytes())?;
    Ok(ExitStatus::SUCCESS)
}

fn shift(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let first = operands(fields);
    let count = match fields.get(first) {
        None => 1,
        Some(_) if fields.get(first + 1).is_some() => return Err(too_many_arguments().into()),
        Some(operand) => {
            let digits = !operand.is_empty() && operand.iter().all(u8::is_ascii_digit);
            if !digits {
                return Err(about(operand, "not a number").with_status(ExitStatus::USAGE).into());
            }
            operand.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX)
        }
    };
    if shell.params.shift(count) {
        Ok(ExitStatus::SUCCESS)
    } else {
        Err(Error::new(format!("{count}: there are only {} parameters", shell.params.count())).into())
    }
}
