//! Words of the command line to values: what each of them is for, by name or by its place.

use super::read::{alone, bare};
use crate::ipc::rpc::interface::{Field, Interface, Type, Union};
use crate::ipc::rpc::xdr::{Value, XdrError};
use std::rc::Rc;

/// The values of fields (arguments, a struct) from words: `NAME=VALUE` in any order, or all of them as `VALUE` in the order of the fields, or in one
/// word as `{NAME=VALUE,...}`. Behind `--` they are in order and strings are their bytes, so that no text is taken for something else.
///
/// # Errors
/// A name that is not known, is missing or doubled; too many or too few values; a value that is not of its type.
pub fn arguments(interface: &Interface, fields: &[Field], words: &[&[u8]]) -> Result<Vec<Value>, XdrError> {
    if let [word @ [b'{', ..]] = words
        && fields.len() > 1
        && let Value::Struct(values) = alone(interface, &Type::Struct(Rc::new(fields.to_vec())), word)?
    {
        return Ok(values);
    }
    if words.first().is_none_or(|word| named(fields, word).is_none()) {
        return in_order(interface, fields, words);
    }
    let mut values: Vec<Option<Value>> = vec![None; fields.len()];
    for word in words {
        let Some((index, value)) = named(fields, word) else {
            return Err(XdrError::new(format!("`{}` names no argument", String::from_utf8_lossy(word))));
        };
        let value = alone(interface, &fields[index].kind, value).map_err(|error| error.inside(&fields[index].name))?;
        if values[index].replace(value).is_some() {
            return Err(XdrError::new(format!("{} is given twice", fields[index].name)));
        }
    }
    let missing = |(field, value): (&Field, Option<Value>)| {
        value.ok_or_else(|| XdrError::new(format!("{} is missing", field.name)))
    };
    fields.iter().zip(values).map(missing).collect()
}

/// The field that `NAME=VALUE` names, and the value.
fn named<'a>(fields: &[Field], word: &'a [u8]) -> Option<(usize, &'a [u8])> {
    let equals = memchr::memchr(b'=', word)?;
    let index = fields.iter().position(|field| field.name.as_bytes() == &word[..equals])?;
    Some((index, &word[equals + 1..]))
}

/// One value for each field; behind `--` strings are their bytes.
///
/// # Errors
/// As [`arguments`].
pub fn in_order(interface: &Interface, fields: &[Field], words: &[&[u8]]) -> Result<Vec<Value>, XdrError> {
    type Read = fn(&Interface, &Type, &[u8]) -> Result<Value, XdrError>;
    let (words, read): (_, Read) = match words {
        [b"--", words @ ..] => (words, bare),
        words => (words, alone),
    };
    if words.len() != fields.len() {
        let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
        let wanted = if names.is_empty() { String::from("none") } else { names.join(", ") };
        return Err(XdrError::new(format!("{} values, and there must be {}: {wanted}", words.len(), fields.len())));
    }
    let one =
        |(field, word): (&Field, &&[u8])| read(interface, &field.kind, word).map_err(|error| error.inside(&field.name));
    fields.iter().zip(words).map(one).collect()
}

/// A union from two words, `DISCRIMINANT=VALUE` and `ARM=VALUE`, of which the second one may hold blanks.
///
/// # Errors
/// As [`arguments`].
pub fn union(interface: &Interface, union: &Union, chooser: &[u8], arm: &[u8]) -> Result<Value, XdrError> {
    let discriminant = std::slice::from_ref(&union.discriminant);
    let chosen = match named(discriminant, chooser) {
        Some((_, value)) => {
            alone(interface, &union.discriminant.kind, value).map_err(|error| error.inside(&union.discriminant.name))?
        }
        None => return Err(XdrError::new(format!("{}=... must come first", union.discriminant.name))),
    };
    let Value::Integer(chosen) = chosen else { return Err(XdrError::new("the discriminant is no integer")) };
    let chosen = i64::try_from(chosen).map_err(|_| XdrError::new("no such arm"))?;
    let Some(field) = union.arm(chosen)? else {
        return Err(XdrError::new(format!("`{}` is too much", String::from_utf8_lossy(arm))));
    };
    let Some((_, value)) = named(std::slice::from_ref(field), arm) else {
        return Err(XdrError::new(format!("{}=... is expected for {}={chosen}", field.name, union.discriminant.name)));
    };
    let value = alone(interface, &field.kind, value).map_err(|error| error.inside(&field.name))?;
    Ok(Value::Union(chosen, Box::new(value)))
}
