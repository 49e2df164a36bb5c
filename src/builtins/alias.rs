//! `alias` and `unalias` (XCU 4).

use crate::builtins::{Builtin, BuiltinResult, Kind, about, listing, options};
use crate::fields::Fields;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use bstr::ByteSlice;

/// `alias`
pub const ALIAS: Builtin = Builtin {
    name: "alias",
    kind: Kind::Regular,
    usage: "alias [-p] [name[=value]...]",
    about: "Define aliases, or print them so that the shell can read them back.\n-p  print each as a command",
    run: alias,
};

/// `unalias`
pub const UNALIAS: Builtin = Builtin {
    name: "unalias",
    kind: Kind::Regular,
    usage: "unalias name...\nunalias -a",
    about: "Remove aliases.\n-a  all of them",
    run: unalias,
};

fn alias(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, first) = options(fields, "p")?;
    let prefix = if found.is_empty() { "" } else { "alias " };
    let mut out = Vec::new();
    let mut status = ExitStatus::SUCCESS;
    if fields.get(first).is_none() {
        for (name, value) in shell.aliases.iter() {
            listing::assignment(&mut out, prefix, name, value);
        }
    }
    for operand in fields.iter_from(first) {
        match operand.iter().skip(1).position(|&byte| byte == b'=') {
            Some(equals) => shell.aliases.set(operand[..=equals].as_bstr(), operand[equals + 2..].as_bstr()),
            None => match shell.aliases.get(operand) {
                Some(value) => listing::assignment(&mut out, prefix, operand, value),
                None => {
                    shell.report(&about(operand, "no such alias").within("alias"));
                    status = ExitStatus::FAILURE;
                }
            },
        }
    }
    shell.io.write(&out)?;
    Ok(status)
}

fn unalias(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, first) = options(fields, "a")?;
    if !found.is_empty() {
        shell.aliases.clear();
        return Ok(ExitStatus::SUCCESS);
    }
    if fields.get(first).is_none() {
        return Err(Error::usage("name expected").into());
    }
    let mut status = ExitStatus::SUCCESS;
    for name in fields.iter_from(first) {
        if !shell.aliases.remove(name) {
            shell.report(&about(name, "no such alias").within("unalias"));
            status = ExitStatus::FAILURE;
        }
    }
    Ok(status)
}
