//! Values as people write them: `42`, `[1,2]`, `{a=1,b=2}`, enums by name or number, opaque data in hexadecimal, strings with blanks in double
//! quotes, `null` for an optional that is absent, and `name=value` for each field of a struct or union.
//!
//! A value that stands alone is bare: a string is then its bytes, without quotes or escapes, so that a shell can give and take any text.

use crate::ipc::rpc::interface::{Field, Interface, Type, Union};
use crate::ipc::rpc::xdr::{MOST_NESTING, Value, XdrError};

/// A value that stands alone: a struct or union as one `name=value` in a line, anything else bare. Each line ends with a newline; void has none.
pub fn print(interface: &Interface, kind: &Type, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match (interface.resolve(kind), value) {
        (Type::Void, _) => {}
        (Type::String(_), Value::Bytes(bytes)) => {
            out.extend_from_slice(bytes);
            out.push(b'\n');
        }
        (Type::Struct(_), Value::Struct(_)) | (Type::Union(_), Value::Union(..)) => {
            named_parts(interface, kind, value, |name, kind, value| {
                out.extend_from_slice(name.as_bytes());
                out.push(b'=');
                nested(interface, kind, value, &mut out);
                out.push(b'\n');
            });
        }
        _ => {
            nested(interface, kind, value, &mut out);
            out.push(b'\n');
        }
    }
    out
}

/// Call `each` for the fields of a struct, or for the discriminant and the arm of a union.
pub fn named_parts(interface: &Interface, kind: &Type, value: &Value, mut each: impl FnMut(&str, &Type, &Value)) {
    match (interface.resolve(kind), value) {
        (Type::Struct(fields), Value::Struct(values)) => {
            for (field, value) in fields.iter().zip(values) {
                each(&field.name, &field.kind, value);
            }
        }
        (Type::Union(union), Value::Union(chosen, value)) => {
            let discriminant = &union.discriminant;
            each(&discriminant.name, &discriminant.kind, &Value::Integer(i128::from(*chosen)));
            if let Ok(Some(arm)) = union.arm(*chosen) {
                each(&arm.name, &arm.kind, value);
            }
        }
        _ => {}
    }
}

/// Append a value as it stands inside another one.
pub fn nested(interface: &Interface, kind: &Type, value: &Value, out: &mut Vec<u8>) {
    match (interface.resolve(kind), value) {
        (Type::Enum(members), Value::Integer(number)) => {
            match members.iter().find(|(_, known)| i128::from(*known) == *number) {
                Some((name, _)) => out.extend_from_slice(name.as_bytes()),
                None => out.extend_from_slice(number.to_string().as_bytes()),
            }
        }
        (Type::Bool, Value::Integer(number)) => out.extend_from_slice(if *number == 0 { b"false" } else { b"true" }),
        (_, Value::Integer(number)) => out.extend_from_slice(number.to_string().as_bytes()),
        (_, Value::Float(number)) => out.extend_from_slice(number.to_string().as_bytes()),
        (_, Value::Double(number)) => out.extend_from_slice(number.to_string().as_bytes()),
        (Type::Opaque(_), Value::Bytes(bytes)) => hex(bytes, out),
        (_, Value::Bytes(bytes)) => string(bytes, out),
        (Type::Array(element, _), Value::Array(values)) => {
            out.push(b'[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                nested(interface, element, value, out);
            }
            out.push(b']');
        }
        (Type::Struct(_) | Type::Union(_), Value::Struct(_) | Value::Union(..)) => {
            let mut separator = b'{';
            named_parts(interface, kind, value, |name, kind, value| {
                out.push(std::mem::replace(&mut separator, b','));
                out.extend_from_slice(name.as_bytes());
                out.push(b'=');
                nested(interface, kind, value, out);
            });
            out.push(b'}');
        }
        (Type::Optional(element), Value::Optional(Some(value))) => nested(interface, element, value, out),
        _ => out.extend_from_slice(b"null"),
    }
}

/// Append bytes in hexadecimal.
pub fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    for byte in bytes {
        out.extend_from_slice(format!("{byte:02x}").as_bytes());
    }
}

/// Bytes from hexadecimal digits.
///
/// # Errors
/// An odd number of digits, or something else.
pub fn unhex(digits: &[u8]) -> Result<Vec<u8>, XdrError> {
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => digit(*high).zip(digit(*low)).map(|(high, low)| (high * 16 + low) as u8),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(pair).collect();
    bytes.ok_or_else(|| XdrError::new(format!("`{}` is not hexadecimal", String::from_utf8_lossy(digits))))
}

fn is_bare(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-./:@%+".contains(&byte) || byte >= 0x80
}

fn string(bytes: &[u8], out: &mut Vec<u8>) {
    if !bytes.is_empty()
        && bytes != b"null"
        && bytes.iter().all(|&byte| is_bare(byte))
        && std::str::from_utf8(bytes).is_ok()
    {
        return out.extend_from_slice(bytes);
    }
    out.push(b'"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\\' => out.extend_from_slice(&[b'\\', character as u8]),
                '\n' => out.extend_from_slice(b"\\n"),
                '\t' => out.extend_from_slice(b"\\t"),
                control if control.is_control() && control.is_ascii() => {
                    out.extend_from_slice(format!("\\x{:02x}", control as u32).as_bytes());
                }
                other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        for byte in chunk.invalid() {
            out.extend_from_slice(format!("\\x{byte:02x}").as_bytes());
        }
    }
    out.push(b'"');
}

/// The values of fields (arguments, a struct) from words: `NAME=VALUE` in any order, or all of them as `VALUE` in the order of the fields.
///
/// # Errors
/// A name that is not known, is missing or doubled; too many or too few values; a value that is not of its type.
pub fn arguments(interface: &Interface, fields: &[Field], words: &[&[u8]]) -> Result<Vec<Value>, XdrError> {
    let named = |word: &[u8]| {
        let equals = memchr::memchr(b'=', word)?;
        let index = fields.iter().position(|field| field.name.as_bytes() == &word[..equals])?;
        Some((index, equals + 1))
    };
    if words.first().is_none_or(|word| named(word).is_none()) {
        if words.len() != fields.len() {
            let names: Vec<&str> = fields.iter().map(|field| &*field.name).collect();
            let wanted = if names.is_empty() { String::from("none") } else { names.join(", ") };
            return Err(XdrError::new(format!("{} values, and there must be {}: {wanted}", words.len(), fields.len())));
        }
        let one = |(field, word): (&Field, &&[u8])| {
            alone(interface, &field.kind, word).map_err(|error| error.inside(&field.name))
        };
        return fields.iter().zip(words).map(one).collect();
    }
    let mut values: Vec<Option<Value>> = vec![None; fields.len()];
    for word in words {
        let Some((index, start)) = named(word) else {
            return Err(XdrError::new(format!("`{}` names no argument", String::from_utf8_lossy(word))));
        };
        let value =
            alone(interface, &fields[index].kind, &word[start..]).map_err(|error| error.inside(&fields[index].name))?;
        if values[index].replace(value).is_some() {
            return Err(XdrError::new(format!("{} is given twice", fields[index].name)));
        }
    }
    let missing = |(field, value): (&Field, Option<Value>)| {
        value.ok_or_else(|| XdrError::new(format!("{} is missing", field.name)))
    };
    fields.iter().zip(values).map(missing).collect()
}

/// A value that stands alone. A string is its bytes, unless all of it is one quoted string.
///
/// # Errors
/// It is not of the type.
pub fn alone(interface: &Interface, kind: &Type, text: &[u8]) -> Result<Value, XdrError> {
    if let Type::String(_) = interface.resolve(kind) {
        let mut reader = Reader { interface, rest: text };
        return Ok(Value::Bytes(match reader.quoted() {
            Ok(Some(bytes)) if reader.rest.is_empty() => bytes,
            _ => text.to_vec(),
        }));
    }
    let mut reader = Reader { interface, rest: text.trim_ascii() };
    let value = reader.value(kind, 0)?;
    reader.end()?;
    Ok(value)
}

/// What a function printed, as its result: `name=value` words for a struct or union (in any order for a struct, the discriminant first for a union), else
/// a value that stands alone, without the newline at its end.
///
/// # Errors
/// It is not of the type.
pub fn result(interface: &Interface, kind: &Type, text: &[u8]) -> Result<Value, XdrError> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    match interface.resolve(kind) {
        Type::Void => Ok(Value::Void),
        Type::Struct(_) | Type::Union(_) if !text.trim_ascii_start().starts_with(b"{") => {
            let mut reader = Reader { interface, rest: text };
            let value = reader.parts(kind, 0, b' ')?;
            reader.end()?;
            Ok(value)
        }
        _ => alone(interface, kind, text),
    }
}

struct Reader<'a> {
    interface: &'a Interface,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn end(&mut self) -> Result<(), XdrError> {
        self.blanks();
        if self.rest.is_empty() {
            return Ok(());
        }
        Err(XdrError::new(format!("`{}` is too much", String::from_utf8_lossy(self.rest))))
    }

    fn mark(&mut self, mark: u8) -> bool {
        self.blanks();
        match self.rest.strip_prefix(&[mark]) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, mark: u8) -> Result<(), XdrError> {
        if self.mark(mark) {
            return Ok(());
        }
        let found = String::from_utf8_lossy(&self.rest[..self.rest.len().min(20)]);
        Err(XdrError::new(format!("`{}` is expected before `{found}`", char::from(mark))))
    }

    /// Up to a blank or a mark that can follow a value.
    fn word(&mut self) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| b",]}[{= \t\n".contains(&byte)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// A string in double quotes, if one begins here.
    fn quoted(&mut self) -> Result<Option<Vec<u8>>, XdrError> {
        let Some(mut rest) = self.rest.strip_prefix(b"\"") else { return Ok(None) };
        let mut bytes = Vec::new();
        loop {
            let (&byte, behind) = rest.split_first().ok_or_else(|| XdrError::new("the string has no closing quote"))?;
            rest = behind;
            match byte {
                b'"' => {
                    self.rest = rest;
                    return Ok(Some(bytes));
                }
                b'\\' => {
                    let (&escaped, behind) =
                        rest.split_first().ok_or_else(|| XdrError::new("a backslash ends the string"))?;
                    rest = behind;
                    match escaped {
                        b'n' => bytes.push(b'\n'),
                        b't' => bytes.push(b'\t'),
                        b'x' if rest.len() >= 2 => {
                            bytes.extend(unhex(&rest[..2])?);
                            rest = &rest[2..];
                        }
                        other => bytes.push(other),
                    }
                }
                byte => bytes.push(byte),
            }
        }
    }

    fn value(&mut self, kind: &Type, depth: usize) -> Result<Value, XdrError> {
        if depth > MOST_NESTING {
            return Err(XdrError::new("nested too deeply"));
        }
        self.blanks();
        let wrong = |word: &[u8], what: &str| XdrError::new(format!("`{}` is {what}", String::from_utf8_lossy(word)));
        let interface = self.interface;
        Ok(match interface.resolve(kind) {
            Type::Void | Type::Named(_) => Value::Void,
            Type::Integer { .. } => {
                let word = self.word();
                Value::Integer(self.integer(word).ok_or_else(|| wrong(word, "no integer"))?)
            }
            Type::Enum(members) => {
                let word = self.word();
                let member = members.iter().find(|(name, _)| name.as_bytes() == word).map(|(_, n)| i128::from(*n));
                Value::Integer(member.or_else(|| number(word)).ok_or_else(|| wrong(word, "no member of the enum"))?)
            }
            Type::Bool => match self.word() {
                b"true" | b"TRUE" | b"1" => Value::Integer(1),
                b"false" | b"FALSE" | b"0" => Value::Integer(0),
                word => return Err(wrong(word, "neither true nor false")),
            },
            Type::Float => {
                let word = self.word();
                Value::Float(parsed(word).ok_or_else(|| wrong(word, "no number"))?)
            }
            Type::Double => {
                let word = self.word();
                Value::Double(parsed(word).ok_or_else(|| wrong(word, "no number"))?)
            }
            Type::String(_) => match self.quoted()? {
                Some(bytes) => Value::Bytes(bytes),
                None => Value::Bytes(self.word().to_vec()),
            },
            Type::Opaque(_) => {
                let word = self.word();
                Value::Bytes(unhex(word.strip_prefix(b"0x").unwrap_or(word))?)
            }
            Type::Array(element, _) => {
                self.expect(b'[')?;
                let mut values = Vec::new();
                while !self.mark(b']') {
                    if !values.is_empty() {
                        self.expect(b',')?;
                    }
                    let value = self.value(element, depth + 1);
                    values.push(value.map_err(|error| error.inside(&format!("[{}]", values.len())))?);
                }
                Value::Array(values)
            }
            Type::Struct(_) | Type::Union(_) => {
                self.expect(b'{')?;
                let value = self.parts(kind, depth, b',')?;
                self.expect(b'}')?;
                value
            }
            Type::Optional(element) => {
                let before = self.rest;
                if self.word() == b"null" {
                    return Ok(Value::Optional(None));
                }
                self.rest = before;
                Value::Optional(Some(Box::new(self.value(element, depth + 1)?)))
            }
        })
    }

    /// `name=value` parts of a struct or union, with `separator` (or blanks) between them.
    fn parts(&mut self, kind: &Type, depth: usize, separator: u8) -> Result<Value, XdrError> {
        match self.interface.resolve(kind) {
            Type::Struct(fields) => self.fields(fields, depth, separator),
            Type::Union(union) => self.union(union, depth, separator),
            _ => Err(XdrError::new("no fields")),
        }
    }

    fn name(&mut self) -> Result<&'a [u8], XdrError> {
        self.blanks();
        let name = self.word();
        self.expect(b'=')?;
        Ok(name)
    }

    fn fields(&mut self, fields: &[Field], depth: usize, separator: u8) -> Result<Value, XdrError> {
        let mut values: Vec<Option<Value>> = vec![None; fields.len()];
        for count in 0..fields.len() {
            if count > 0 && separator != b' ' {
                self.expect(separator)?;
            }
            let name = self.name()?;
            let Some(index) = fields.iter().position(|field| field.name.as_bytes() == name) else {
                return Err(XdrError::new(format!("there is no field `{}`", String::from_utf8_lossy(name))));
            };
            let value =
                self.value(&fields[index].kind, depth + 1).map_err(|error| error.inside(&fields[index].name))?;
            if values[index].replace(value).is_some() {
                return Err(XdrError::new(format!("{} is given twice", fields[index].name)));
            }
        }
        // As many different fields as there are fields.
        Ok(Value::Struct(values.into_iter().flatten().collect()))
    }

    fn union(&mut self, union: &Union, depth: usize, separator: u8) -> Result<Value, XdrError> {
        let discriminant = &union.discriminant;
        if self.name()? != discriminant.name.as_bytes() {
            return Err(XdrError::new(format!("{}=... must come first", discriminant.name)));
        }
        let chosen =
            match self.value(&discriminant.kind, depth + 1).map_err(|error| error.inside(&discriminant.name))? {
                Value::Integer(chosen) => i64::try_from(chosen).map_err(|_| XdrError::new("no such arm"))?,
                _ => return Err(XdrError::new("the discriminant is no integer")),
            };
        let Some(arm) = union.arm(chosen)? else { return Ok(Value::Union(chosen, Box::new(Value::Void))) };
        if separator != b' ' {
            self.expect(separator)?;
        }
        if self.name()? != arm.name.as_bytes() {
            return Err(XdrError::new(format!("{}=... is expected for {}={chosen}", arm.name, discriminant.name)));
        }
        let value = self.value(&arm.kind, depth + 1).map_err(|error| error.inside(&arm.name))?;
        Ok(Value::Union(chosen, Box::new(value)))
    }

    /// A number, or a constant of the interface.
    fn integer(&self, word: &[u8]) -> Option<i128> {
        number(word).or_else(|| {
            let constant = self.interface.constants.iter().find(|(name, _)| name.as_bytes() == word);
            constant.map(|(_, number)| i128::from(*number))
        })
    }
}

fn number(word: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(word).ok()?;
    let (digits, negative) = text.strip_prefix('-').map_or((text, false), |digits| (digits, true));
    let number = match digits.strip_prefix("0x") {
        Some(digits) if digits.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            i128::from_str_radix(digits, 16).ok()?
        }
        _ if digits.bytes().all(|digit| digit.is_ascii_digit()) => digits.parse().ok()?,
        _ => return None,
    };
    Some(if negative { -number } else { number })
}

fn parsed<T: std::str::FromStr>(word: &[u8]) -> Option<T> {
    std::str::from_utf8(word).ok()?.parse().ok()
}
