//! `rpc encode` and `rpc decode`: marshalling without a network.

use super::{call, options, usage};
use crate::builtins::BuiltinResult;
use crate::ipc::rpc::interface::{Interface, Type};
use crate::ipc::rpc::xdr::Value;
use crate::ipc::rpc::{text, xdr};
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::sys::fd;
use std::rc::Rc;

/// The interface and the type of `FILE.x::TYPE`.
fn named(shell: &mut Shell, word: &[u8]) -> Result<(Rc<Interface>, Type), Error> {
    let (path, _, name) = call::parts(word)?;
    let interface = shell.rpc.interface(&path)?;
    match interface.type_named(&name) {
        Some(id) => Ok((interface, Type::Named(id))),
        None => Err(Error::usage(format!("{name}: no such type in {}", path.display()))),
    }
}

/// `rpc encode`: values to bytes, raw or in hexadecimal.
pub fn encode(shell: &mut Shell, words: &[&[u8]]) -> BuiltinResult {
    let (options, operands) = options::parse(words, "x", &[])?;
    let Some((name, values)) = operands.split_first() else { return Err(usage("FILE.x::TYPE is expected")) };
    let (interface, kind) = named(shell, name)?;
    let wrong = |error: xdr::XdrError| Error::usage(error.to_string());
    let value = match (interface.resolve(&kind), values) {
        // One word may be all of it: `{...}`, or what `rpc decode` prints.
        (Type::Struct(fields), values) if values.len() != 1 || (fields.len() == 1 && !values[0].starts_with(b"{")) => {
            Value::Struct(text::arguments(&interface, fields, values).map_err(wrong)?)
        }
        (Type::Union(union), [chooser, arm]) => text::union(&interface, union, chooser, arm).map_err(wrong)?,
        (Type::Struct(_) | Type::Union(_), values) => {
            text::result(&interface, &kind, &values.join(&b' ')).map_err(wrong)?
        }
        (_, [b"--", value]) => text::bare(&interface, &kind, value).map_err(wrong)?,
        (_, [value]) => text::alone(&interface, &kind, value).map_err(wrong)?,
        _ => return Err(usage("one value is expected")),
    };
    let mut bytes = Vec::new();
    xdr::encode(&interface, &kind, &value, &mut bytes).map_err(wrong)?;
    if !options.flags.is_empty() {
        let mut digits = Vec::new();
        text::hex(&bytes, &mut digits);
        digits.push(b'\n');
        bytes = digits;
    }
    shell.io.write(&bytes)?;
    Ok(ExitStatus::SUCCESS)
}

/// `rpc decode`: bytes of standard input (or, with -x, hexadecimal digits of an operand or of standard input) to a value.
pub fn decode(shell: &mut Shell, words: &[&[u8]]) -> BuiltinResult {
    let (options, operands) = options::parse(words, "xj", &[])?;
    let (name, digits) = match operands {
        [name] => (name, None),
        [name, digits] if !options.flags.is_empty() => (name, Some(digits.to_vec())),
        _ => return Err(usage("FILE.x::TYPE is expected (and with -x the digits)")),
    };
    let (interface, kind) = named(shell, name)?;
    let mut bytes = Vec::new();
    match digits {
        Some(digits) => bytes = digits,
        None => fd::read_to_end(shell.io.input, &mut bytes)
            .map_err(|errno| super::refused("cannot read standard input", errno))?,
    }
    if !options.flags.is_empty() {
        bytes.retain(|byte| !byte.is_ascii_whitespace());
        bytes = text::unhex(&bytes).map_err(|error| Error::usage(error.to_string()))?;
    }
    let value = xdr::decode(&interface, &kind, &bytes).map_err(|error| Error::usage(error.to_string()))?;
    let printed = match options.json {
        true => text::json_line(&interface, &kind, &value),
        false => text::print(&interface, &kind, &value),
    };
    shell.io.write(&printed)?;
    Ok(ExitStatus::SUCCESS)
}
