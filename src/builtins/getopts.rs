//! `getopts`: parse the options of a script (XCU 4, getopts).

use crate::builtins::{Builtin, BuiltinResult, Kind, bad_name, operands};
use crate::fields::Fields;
use crate::shell::vars::{is_name, slot};
use crate::shell::{Getopts, Params, Shell};
use crate::status::{Error, ExitStatus};
use bstr::{BStr, BString};

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
    if std::mem::take(&mut shell.vars.optind_assigned) {
        shell.getopts = Getopts::default();
    }
    let index = match std::mem::take(&mut shell.getopts.anew) {
        true => 1,
        false => usize::try_from(shell.vars.integer(slot::OPTIND).map_err(|error| *error)?).unwrap_or(1).max(1),
    };
    let arguments = match fields.get(first + 2) {
        Some(_) => Arguments::Given(fields, first + 2),
        None => Arguments::Parameters(&shell.params),
    };
    let found = next(&arguments, spec, index, &mut shell.getopts.offset);
    shell.getopts.at_end = matches!(found.result, Found::End);
    let quiet = spec.first() == Some(&b':');
    shell.vars.set_integer(slot::OPTIND, found.index as i64)?;
    shell.vars.optind_assigned = false;
    let (value, argument) = match found.result {
        Found::End => (b'?', None),
        Found::Option(letter, argument) => (letter, argument),
        Found::Unknown(letter) if quiet => (b'?', Some(BString::from(&[letter][..]))),
        Found::Missing(letter) if quiet => (b':', Some(BString::from(&[letter][..]))),
        Found::Unknown(letter) | Found::Missing(letter) => {
            complain(shell, letter, matches!(found.result, Found::Missing(_)));
            (b'?', None)
        }
    };
    match argument {
        Some(argument) => shell.vars.set(slot::OPTARG, &argument)?,
        None => shell.vars.unset(slot::OPTARG)?,
    }
    if !is_name(name) {
        return Err(bad_name(name).into());
    }
    let variable = shell.vars.slot_of(name);
    shell.vars.set(variable, &[value]).map_err(|error| error.with_status(ExitStatus::USAGE))?;
    Ok(ExitStatus::from_bool(!shell.getopts.at_end))
}

fn complain(shell: &mut Shell, letter: u8, missing: bool) {
    let mut line = shell.params.zero.to_vec();
    line.extend_from_slice(b": -");
    line.push(letter);
    line.extend_from_slice(if missing { b": option requires an argument\n" } else { b": invalid option\n" });
    shell.io.write_error(&line);
}

/// What is parsed: not copied, because each call looks at one or two of them.
enum Arguments<'a> {
    /// The fields from this one on.
    Given(&'a Fields, usize),
    /// The positional parameters.
    Parameters(&'a Params),
}

impl Arguments<'_> {
    /// An argument by its number, from 1.
    fn get(&self, number: usize) -> Option<&BStr> {
        match self {
            Self::Given(fields, first) => fields.get(first + number - 1),
            Self::Parameters(params) => params.get(number),
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Given(fields, first) => fields.len() - first,
            Self::Parameters(params) => params.count(),
        }
    }
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
fn next(arguments: &Arguments<'_>, spec: &[u8], mut index: usize, offset: &mut usize) -> Step {
    let Some(argument) = arguments.get(index) else {
        *offset = 0;
        return Step { result: Found::End, index: arguments.count() + 1 };
    };
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
        Some(_) => match arguments.get(index) {
            Some(operand) => {
                index += 1;
                Found::Option(letter, Some(operand.to_owned()))
            }
            None => Found::Missing(letter),
        },
    };
    Step { result, index }
}
