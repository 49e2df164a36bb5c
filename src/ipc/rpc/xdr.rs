//! External data representation (RFC 4506): values to bytes and back, by the types of an interface.
//!
//! Marshalling is what makes a procedure call remote: both sides agree that an `int` is four bytes, the highest first, and that everything is
//! a multiple of four bytes long, whatever their processors do. What comes from the network is believed in nothing: a length is compared with the
//! bytes that are there before memory is taken, padding must be zero, and nesting has a limit.

use crate::ipc::rpc::interface::{Field, Interface, Length, Type};
use std::fmt;

/// How deep values may be nested: a tree, a list inside of a list. The elements of a linked list stand beside one another, so it may be of any length.
/// It needs less than 8 MiB of stack.
pub const MOST_NESTING: usize = 5_000;

/// The end of a longer path is enough to find the place.
const MOST_PATH: usize = 200;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Void,
    /// An integer, an enum or (0 or 1) a bool. Wide enough for all of them.
    Integer(i128),
    /// A float.
    Float(f32),
    /// A double.
    Double(f64),
    /// A string or opaque data.
    Bytes(Vec<u8>),
    /// An array.
    Array(Vec<Value>),
    /// A struct: the values of its fields.
    Struct(Vec<Value>),
    /// A union: its discriminant, and the value of the arm.
    Union(i64, Box<Value>),
    /// An optional that is no linked list.
    Optional(Option<Box<Value>>),
    /// A linked list ([`Interface::list_fields`]): the fields of all elements, one behind the other, without the links.
    List {
        /// How many elements there are.
        length: usize,
        /// Their fields.
        values: Vec<Value>,
    },
}

/// Why a value cannot be encoded or bytes cannot be decoded; `path` leads to the place, as in `entries[3].name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XdrError {
    /// The place inside the value.
    pub path: String,
    /// What is wrong there.
    pub what: String,
}

impl XdrError {
    /// An error at the place of the whole value.
    pub fn new(what: impl Into<String>) -> Self {
        Self { path: String::new(), what: what.into() }
    }

    /// The same error, inside a field.
    #[must_use]
    pub fn inside(mut self, name: &str) -> Self {
        if self.path.len() > MOST_PATH {
            return self;
        }
        let separator = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        self.path = format!("{name}{separator}{}", self.path);
        self
    }
}

impl fmt::Display for XdrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.path, self.what) }
    }
}

impl std::error::Error for XdrError {}

/// How many elements without any bytes an array may have.
const MOST_EMPTY: usize = 1024;

/// What stands in front of an optional.
const ABSENT: u32 = 0;
const PRESENT: u32 = 1;

/// The range of an integer type.
pub fn range(signed: bool, bits: u8) -> (i128, i128) {
    if signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) }
}

/// Append a value of a type.
///
/// # Errors
/// The value is not one of this type: out of range, too long, no such arm.
pub fn encode(interface: &Interface, kind: &Type, value: &Value, out: &mut Vec<u8>) -> Result<(), XdrError> {
    match (interface.resolve(kind), value) {
        (Type::Void, Value::Void) => {}
        (Type::Integer { signed, bits }, Value::Integer(number)) => {
            let (least, most) = range(*signed, *bits);
            if !(least..=most).contains(number) {
                return Err(XdrError::new(format!("{number} is not in {least}..{most}")));
            }
            if *bits == 64 {
                out.extend_from_slice(&(*number as u64).to_be_bytes());
            } else {
                out.extend_from_slice(&(*number as u32).to_be_bytes());
            }
        }
        (Type::Bool, Value::Integer(number @ (0 | 1))) => out.extend_from_slice(&(*number as u32).to_be_bytes()),
        (Type::Enum(members), Value::Integer(number)) => {
            if !members.iter().any(|(_, known)| i128::from(*known) == *number) {
                return Err(XdrError::new(format!("{number} is no member of the enum")));
            }
            out.extend_from_slice(&(*number as i32).to_be_bytes());
        }
        (Type::Float, Value::Float(number)) => out.extend_from_slice(&number.to_be_bytes()),
        (Type::Double, Value::Double(number)) => out.extend_from_slice(&number.to_be_bytes()),
        (Type::String(most), Value::Bytes(bytes)) => bytes_out(bytes, Length::Variable(*most), out)?,
        (Type::Opaque(length), Value::Bytes(bytes)) => bytes_out(bytes, *length, out)?,
        (Type::Array(element, length), Value::Array(values)) => {
            count_out(values.len(), *length, "elements", out)?;
            for (index, value) in values.iter().enumerate() {
                encode(interface, element, value, out).map_err(|error| error.inside(&format!("[{index}]")))?;
            }
        }
        (Type::Struct(fields), Value::Struct(values)) if fields.len() == values.len() => {
            for (field, value) in fields.iter().zip(values) {
                encode(interface, &field.kind, value, out).map_err(|error| error.inside(&field.name))?;
            }
        }
        (Type::Union(union), Value::Union(chosen, value)) => {
            let discriminant = Value::Integer(i128::from(*chosen));
            encode(interface, &union.discriminant.kind, &discriminant, out)
                .map_err(|error| error.inside(&union.discriminant.name))?;
            match union.arm(*chosen)? {
                Some(field) => {
                    encode(interface, &field.kind, value, out).map_err(|error| error.inside(&field.name))?;
                }
                None if **value == Value::Void => {}
                None => return Err(XdrError::new(format!("the arm for {chosen} is void and takes no value"))),
            }
        }
        (Type::Optional(element), Value::Optional(value)) => {
            out.extend_from_slice(&if value.is_some() { PRESENT } else { ABSENT }.to_be_bytes());
            if let Some(value) = value {
                encode(interface, element, value, out)?;
            }
        }
        (Type::Optional(element), Value::List { length, values }) => {
            let Some((_, fields)) = interface.list_fields(element).and_then(<[_]>::split_last) else {
                return Err(XdrError::new("the value is not of the type"));
            };
            let mut values = values.iter();
            for index in 0..*length {
                out.extend_from_slice(&PRESENT.to_be_bytes());
                for (field, value) in fields.iter().zip(values.by_ref()) {
                    encode(interface, &field.kind, value, out)
                        .map_err(|error| error.inside(&field.name).inside(&format!("[{index}]")))?;
                }
            }
            out.extend_from_slice(&ABSENT.to_be_bytes());
        }
        _ => return Err(XdrError::new("the value is not of the type")),
    }
    Ok(())
}

fn count_out(count: usize, length: Length, what: &str, out: &mut Vec<u8>) -> Result<(), XdrError> {
    match length {
        Length::Fixed(wanted) if count != wanted as usize => {
            Err(XdrError::new(format!("{count} {what}, and there must be {wanted}")))
        }
        Length::Variable(most) if count > most as usize => {
            Err(XdrError::new(format!("{count} {what}, and there may be {most} at most")))
        }
        Length::Fixed(_) => Ok(()),
        Length::Variable(_) => {
            out.extend_from_slice(&(count as u32).to_be_bytes());
            Ok(())
        }
    }
}

fn bytes_out(bytes: &[u8], length: Length, out: &mut Vec<u8>) -> Result<(), XdrError> {
    count_out(bytes.len(), length, "bytes", out)?;
    out.extend_from_slice(bytes);
    out.resize(out.len() + padding(bytes.len()), 0);
    Ok(())
}

/// How many zero bytes make a multiple of four.
fn padding(length: usize) -> usize {
    length.wrapping_neg() % 4
}

impl super::interface::Union {
    /// The field that a discriminant chooses, or `None` for void.
    ///
    /// # Errors
    /// There is no arm for it.
    pub fn arm(&self, chosen: i64) -> Result<Option<&Field>, XdrError> {
        let arm = self.arms.iter().find(|(value, _)| *value == chosen).map(|(_, arm)| arm).or(self.default.as_ref());
        arm.map(Option::as_ref).ok_or_else(|| XdrError::new(format!("there is no arm for {chosen}")))
    }
}

/// Bytes that are being decoded.
#[derive(Clone, Copy, Debug)]
pub struct Decoder<'a> {
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// From the first byte on.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is left.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next bytes, and the padding behind them.
    ///
    /// # Errors
    /// There are not so many, or the padding is not zero.
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8], XdrError> {
        let padded = length.checked_add(padding(length)).filter(|&padded| padded <= self.rest.len());
        let Some(padded) = padded else {
            return Err(XdrError::new(format!("{length} bytes are announced, and {} are there", self.rest.len())));
        };
        let (bytes, rest) = self.rest.split_at(padded);
        if bytes[length..].iter().any(|&byte| byte != 0) {
            return Err(XdrError::new("the padding is not zero"));
        }
        self.rest = rest;
        Ok(&bytes[..length])
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], XdrError> {
        match self.rest.split_first_chunk() {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(*bytes)
            }
            None => Err(XdrError::new(format!("{N} bytes are needed, and {} are there", self.rest.len()))),
        }
    }

    /// An unsigned integer.
    ///
    /// # Errors
    /// There are no four bytes.
    pub fn u32(&mut self) -> Result<u32, XdrError> {
        self.array().map(u32::from_be_bytes)
    }

    fn count(&mut self, length: Length, what: &str) -> Result<usize, XdrError> {
        match length {
            Length::Fixed(count) => Ok(count as usize),
            Length::Variable(most) => {
                let count = self.u32()?;
                if count > most {
                    return Err(XdrError::new(format!("{count} {what}, and there may be {most} at most")));
                }
                Ok(count as usize)
            }
        }
    }

    /// A value of a type.
    ///
    /// # Errors
    /// The bytes are not one.
    pub fn value(&mut self, interface: &Interface, kind: &Type) -> Result<Value, XdrError> {
        self.nested(interface, kind, 0)
    }

    fn nested(&mut self, interface: &Interface, kind: &Type, depth: usize) -> Result<Value, XdrError> {
        if depth > MOST_NESTING {
            return Err(XdrError::new("nested too deeply"));
        }
        let field = |decoder: &mut Self, field: &Field| {
            decoder.nested(interface, &field.kind, depth + 1).map_err(|error| error.inside(&field.name))
        };
        Ok(match interface.resolve(kind) {
            Type::Void | Type::Named(_) => Value::Void,
            Type::Integer { signed, bits } => {
                let number = match (signed, bits) {
                    (true, 64) => i128::from(i64::from_be_bytes(self.array()?)),
                    (false, 64) => i128::from(u64::from_be_bytes(self.array()?)),
                    (true, _) => i128::from(i32::from_be_bytes(self.array()?)),
                    (false, _) => i128::from(self.u32()?),
                };
                let (least, most) = range(*signed, *bits);
                if !(least..=most).contains(&number) {
                    return Err(XdrError::new(format!("{number} is not in {least}..{most}")));
                }
                Value::Integer(number)
            }
            Type::Bool => match self.u32()? {
                number @ (0 | 1) => Value::Integer(i128::from(number)),
                number => return Err(XdrError::new(format!("{number} is no bool"))),
            },
            Type::Enum(members) => {
                let number = i32::from_be_bytes(self.array()?);
                if !members.iter().any(|(_, known)| *known == number) {
                    return Err(XdrError::new(format!("{number} is no member of the enum")));
                }
                Value::Integer(i128::from(number))
            }
            Type::Float => Value::Float(f32::from_be_bytes(self.array()?)),
            Type::Double => Value::Double(f64::from_be_bytes(self.array()?)),
            Type::String(most) => {
                let count = self.count(Length::Variable(*most), "bytes")?;
                Value::Bytes(self.bytes(count)?.to_vec())
            }
            Type::Opaque(length) => {
                let count = self.count(*length, "bytes")?;
                Value::Bytes(self.bytes(count)?.to_vec())
            }
            Type::Array(element, length) => {
                let count = self.count(*length, "elements")?;
                // Elements have four bytes or more, but for those that have none: a few of these are believed.
                if count > self.rest.len().max(MOST_EMPTY) {
                    return Err(XdrError::new(format!(
                        "{count} elements are announced, and {} bytes are there",
                        self.rest.len()
                    )));
                }
                let mut values = Vec::new();
                for index in 0..count {
                    let value = self.nested(interface, element, depth + 1);
                    values.push(value.map_err(|error| error.inside(&format!("[{index}]")))?);
                }
                Value::Array(values)
            }
            Type::Struct(fields) => {
                Value::Struct(fields.iter().map(|next| field(self, next)).collect::<Result<_, _>>()?)
            }
            Type::Union(union) => {
                let chosen = match field(self, &union.discriminant)? {
                    Value::Integer(chosen) => i64::try_from(chosen).map_err(|_| XdrError::new("no such arm"))?,
                    _ => return Err(XdrError::new("the discriminant is no integer")),
                };
                let value = match union.arm(chosen)? {
                    Some(arm) => field(self, arm)?,
                    None => Value::Void,
                };
                Value::Union(chosen, Box::new(value))
            }
            Type::Optional(element) => match interface.list_fields(element).and_then(<[_]>::split_last) {
                None if self.is_present()? => {
                    Value::Optional(Some(Box::new(self.nested(interface, element, depth + 1)?)))
                }
                None => Value::Optional(None),
                Some((_, fields)) => {
                    let (mut length, mut values) = (0, Vec::new());
                    while self.is_present().map_err(|error| error.inside(&format!("[{length}]")))? {
                        for next in fields {
                            let value = field(self, next);
                            values.push(value.map_err(|error| error.inside(&format!("[{length}]")))?);
                        }
                        length += 1;
                    }
                    Value::List { length, values }
                }
            },
        })
    }

    /// The number in front of an optional.
    fn is_present(&mut self) -> Result<bool, XdrError> {
        match self.u32()? {
            ABSENT => Ok(false),
            PRESENT => Ok(true),
            number => Err(XdrError::new(format!("{number} is neither 0 (absent) nor 1 (present)"))),
        }
    }
}

/// Decode bytes that hold a value and nothing else.
///
/// # Errors
/// They do not.
pub fn decode(interface: &Interface, kind: &Type, bytes: &[u8]) -> Result<Value, XdrError> {
    let mut decoder = Decoder::new(bytes);
    let value = decoder.value(interface, kind)?;
    match decoder.rest().len() {
        0 => Ok(value),
        left => Err(XdrError::new(format!("{left} bytes are left behind the value"))),
    }
}

/// Encode arguments or the fields of a struct, one behind the other.
///
/// # Errors
/// As [`encode`].
pub fn encode_all(
    interface: &Interface,
    fields: &[Field],
    values: &[Value],
    out: &mut Vec<u8>,
) -> Result<(), XdrError> {
    for (field, value) in fields.iter().zip(values) {
        encode(interface, &field.kind, value, out).map_err(|error| error.inside(&field.name))?;
    }
    Ok(())
}

/// Decode arguments; nothing may be left behind them.
///
/// # Errors
/// As [`decode`].
pub fn decode_all(interface: &Interface, fields: &[Field], bytes: &[u8]) -> Result<Vec<Value>, XdrError> {
    let mut decoder = Decoder::new(bytes);
    let decoded = |field: &Field| decoder.value(interface, &field.kind).map_err(|error| error.inside(&field.name));
    let values = fields.iter().map(decoded).collect::<Result<_, _>>()?;
    if decoder.rest().is_empty() { Ok(values) } else { Err(XdrError::new("bytes are left behind the arguments")) }
}
