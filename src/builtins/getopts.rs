//! `getopts`: parse the options of a script (XCU 4, getopts).

use crate::builtins::{Builtin, BuiltinResult, Kind, bad_name, operands};
use crate::fields::Fields;
use crate::shell::Shell;
use crate::shell::vars::{is_name, slot};
use crate::status::{Error, ExitStatus};
use bstr::BString;

/// `getopts`
pub const BUILTIN: Builtin = Builtin {
    name: "getopts",
    kind: Kind::Regular,
    usage: "getopts optstring name [argument...]",
    about: "Put the next option of the parameters (or of the arguments) into a variable; status 1 behind the last one.",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let first = operands(fields);
    let (Some(spec), Some(name)) = (fields.get(first), fields.get(first + 1)) else {
        return Err(Error::usage("option string and name of a variable expected").into());
    };
    if !is_name(name) {
        return Err(bad_name(name).into());
    }
    let arguments: Vec<BString> = if fields.get(first + 2).is_some() {
        fields.iter_from(first + 2).map(|field| field.to_owned()).collect()
    } else {
        shell.params.iter().map(|field| field.to_owned()).collect()
    };
    if std::mem::take(&mut shell.vars.optind_assigned) {
        shell.getopts_offset = 0;
    }
    let index = usize::try_from(shell.vars.integer(slot::OPTIND)?).unwrap_or(1).max(1);
    let found = next(&arguments, spec, index, &mut shell.getopts_offset);
    let variable = shell.vars.slot_of(name);
    let quiet = spec.first() == Some(&b':');
    shell.vars.set_integer(slot::OPTIND, found.index as i64)?;
    shell.vars.optind_assigned = false;
    let as_status = |error: Error| error.with_status(ExitStatus::USAGE);
    match found.result {
        Found::End => {
            shell.getopts_offset = 0;
            shell.vars.unset(slot::OPTARG)?;
            shell.vars.set(variable, b"?").map_err(as_status)?;
            return Ok(ExitStatus::FAILURE);
        }
        Found::Option(letter, None) => {
            shell.vars.unset(slot::OPTARG)?;
            shell.vars.set(variable, &[letter]).map_err(as_status)?;
        }
        Found::Option(letter, Some(argument)) => {
            shell.vars.set(slot::OPTARG, &argument)?;
            shell.vars.set(variable, &[letter]).map_err(as_status)?;
        }
        Found::Unknown(letter) | Found::Missing(letter) => {
            let missing = matches!(found.result, Found::Missing(_));
            if quiet {
                shell.vars.set(slot::OPTARG, &[letter])?;
            } else {
                shell.vars.unset(slot::OPTARG)?;
                complain(shell, letter, missing);
            }
            shell.vars.set(variable, if missing && quiet { b":" } else { b"?" }).map_err(as_status)?;
        }
    }
    Ok(ExitStatus::SUCCESS)
}

fn complain(shell: &mut Shell, letter: u8, missing: bool) {
    let mut line = shell.params.zero.to_vec();
    line.extend_from_slice(b": -");
    line.push(letter);
    line.extend_from_slice(if missing { b": option requires an argument\n" } else { b": invalid option\n" });
    shell.io.write_error(&line);
}

enum Found {
    Option(u8, Option<BString>),
    Unknown(u8),
    Missing(u8),
    End,
}

struct Step {
    result: Found,
    index: usize,
}

/// The next option from argument `index` (from 1) on, `offset` letters into it.
fn next(arguments: &[BString], spec: &[u8], mut index: usize, offset: &mut usize) -> Step {
    let Some(argument) = arguments.get(index - 1) else { return Step { result: Found::End, index } };
    if *offset == 0 {
        if argument.len() < 2 || argument[0] != b'-' {
            return Step { result: Found::End, index };
        }
        if argument == "--" {
            return Step { result: Found::End, index: index + 1 };
        }
        *offset = 1;
    }
    let Some(&letter) = argument.get(*offset) else {
        *offset = 0;
        return next(arguments, spec, index + 1, offset);
    };
    *offset += 1;
    let place = spec.iter().position(|&known| known == letter && letter != b':');
    let takes_argument = place.is_some_and(|place| spec.get(place + 1) == Some(&b':'));
    let rest = *offset < argument.len();
    if !rest || takes_argument {
        index += 1;
    }
    let from = *offset;
    if !rest || takes_argument {
        *offset = 0;
    }
    let result = match place {
        None => Found::Unknown(letter),
        Some(_) if !takes_argument => Found::Option(letter, None),
        Some(_) if rest => Found::Option(letter, Some(argument[from..].into())),
        Some(_) => match arguments.get(index - 1) {
            Some(operand) => {
                index += 1;
                Found::Option(letter, Some(operand.clone()))
            }
            None => Found::Missing(letter),
        },
    };
    Step { result, index }
}
