//! Text to values: what people write as arguments, and what functions print as results.
//!
//! One reader goes through the text once, led by the type: it knows at each place what may stand there, so an error names the field.

use crate::ipc::rpc::interface::{Field, Interface, Type, Union};
use crate::ipc::rpc::text::unhex;
use crate::ipc::rpc::xdr::{MOST_NESTING, Value, XdrError};

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

/// The same, but a string is its bytes, whatever they are.
///
/// # Errors
/// It is not of the type.
pub fn bare(interface: &Interface, kind: &Type, text: &[u8]) -> Result<Value, XdrError> {
    match interface.resolve(kind) {
        Type::String(_) => Ok(Value::Bytes(text.to_vec())),
        _ => alone(interface, kind, text),
    }
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
        _ => bare(interface, kind, text),
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
            Type::Float => Value::Float(real(self.word(), "float")?),
            Type::Double => Value::Double(real(self.word(), "double")?),
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
            Type::Optional(element) => match interface.list_fields(element).and_then(<[_]>::split_last) {
                Some((link, fields)) => self.list(link, fields, depth)?,
                None if self.is_null() => Value::Optional(None),
                None => Value::Optional(Some(Box::new(self.value(element, depth + 1)?))),
            },
        })
    }

    /// Take the word `null`, if it stands here.
    fn is_null(&mut self) -> bool {
        self.blanks();
        let before = self.rest;
        let found = self.word() == b"null";
        if !found {
            self.rest = before;
        }
        found
    }

    /// `{n=1,next={n=2,next=null}}`: the link is the last one, so that the reader need not go deeper.
    fn list(&mut self, link: &Field, fields: &[Field], depth: usize) -> Result<Value, XdrError> {
        let (mut length, mut values) = (0, Vec::new());
        while !self.is_null() {
            let inside = |error: XdrError| error.inside(&format!("[{length}]"));
            self.expect(b'{').map_err(inside)?;
            values.extend(self.fields(fields, depth, b',').map_err(inside)?);
            if !fields.is_empty() {
                self.expect(b',').map_err(inside)?;
            }
            if self.name().map_err(inside)? != link.name.as_bytes() {
                return Err(inside(XdrError::new(format!("`{}=` must be the last one", link.name))));
            }
            length += 1;
        }
        for _ in 0..length {
            self.expect(b'}')?;
        }
        Ok(Value::List { length, values })
    }

    /// `name=value` parts of a struct or union, with `separator` (or blanks) between them.
    fn parts(&mut self, kind: &Type, depth: usize, separator: u8) -> Result<Value, XdrError> {
        match self.interface.resolve(kind) {
            Type::Struct(fields) => Ok(Value::Struct(self.fields(fields, depth, separator)?)),
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

    fn fields(&mut self, fields: &[Field], depth: usize, separator: u8) -> Result<Vec<Value>, XdrError> {
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
        Ok(values.into_iter().flatten().collect())
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

/// A number with a fraction. `inf`, `-Infinity` are infinity that is meant; a number that has become infinite was too large.
fn real<T: std::str::FromStr + Copy + Into<f64>>(word: &[u8], name: &str) -> Result<T, XdrError> {
    let number: Option<T> = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
    let number = number.ok_or_else(|| wrong(word, "no number"))?;
    if number.into().is_infinite() && memchr::memchr2(b'i', b'I', word).is_none() {
        return Err(wrong(word, &format!("too large for a {name}")));
    }
    Ok(number)
}

fn wrong(word: &[u8], what: &str) -> XdrError {
    XdrError::new(format!("`{}` is {what}", String::from_utf8_lossy(word)))
}
