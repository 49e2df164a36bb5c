//! Values to text: in words (`{a=1,s="x y"}`) or as JSON (`{"a":1,"s":"x y"}`). Both have the same shape, so one writer makes both.
//!
//! In JSON, opaque data and strings that are not UTF-8 are `{"base64":"..."}`, an optional that is absent is null, and enums are their names.

use crate::ipc::json;
use crate::ipc::rpc::interface::{Interface, Type};
use crate::ipc::rpc::text::hex;
use crate::ipc::rpc::xdr::Value;

/// How names, enums, strings and opaque data look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Words,
    Json,
}

/// A value that stands alone: a struct or union as one `name=value` in a line, anything else bare. Each line ends with a newline; void has none.
pub fn print(interface: &Interface, kind: &Type, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer { interface, style: Style::Words, out: &mut out };
    match (interface.resolve(kind), value) {
        (Type::Void, _) => return out,
        (Type::String(_), Value::Bytes(bytes)) => writer.out.extend_from_slice(bytes),
        (Type::Struct(_), Value::Struct(_)) | (Type::Union(_), Value::Union(..)) => {
            named_parts(interface, kind, value, |name, kind, value| {
                writer.name(name);
                writer.value(kind, value);
                writer.out.push(b'\n');
            });
            return out;
        }
        _ => writer.value(kind, value),
    }
    out.push(b'\n');
    out
}

/// A value as one line of JSON; void is `null`.
pub fn json_line(interface: &Interface, kind: &Type, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    Writer { interface, style: Style::Json, out: &mut out }.value(kind, value);
    out.push(b'\n');
    out
}

/// Append a value as it stands inside another one.
pub fn nested(interface: &Interface, kind: &Type, value: &Value, out: &mut Vec<u8>) {
    Writer { interface, style: Style::Words, out }.value(kind, value);
}

/// Call `each` for the fields of a struct, or for the discriminant and the arm of a union.
fn named_parts(interface: &Interface, kind: &Type, value: &Value, mut each: impl FnMut(&str, &Type, &Value)) {
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

struct Writer<'a> {
    interface: &'a Interface,
    style: Style,
    out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    /// A name, and what stands between it and its value.
    fn name(&mut self, name: &str) {
        match self.style {
            Style::Words => self.text(&format!("{name}=")),
            Style::Json => self.text(&format!("\"{name}\":")),
        }
    }

    fn value(&mut self, kind: &Type, value: &Value) {
        let interface = self.interface;
        match (interface.resolve(kind), value) {
            (Type::Enum(members), Value::Integer(number)) => {
                match (members.iter().find(|(_, known)| i128::from(*known) == *number), self.style) {
                    (Some((name, _)), Style::Words) => self.text(name),
                    (Some((name, _)), Style::Json) => self.text(&format!("\"{name}\"")),
                    (None, _) => self.text(&number.to_string()),
                }
            }
            (Type::Bool, Value::Integer(number)) => self.text(if *number == 0 { "false" } else { "true" }),
            (_, Value::Integer(number)) => self.text(&number.to_string()),
            (_, Value::Float(number)) => self.number(number.is_finite(), &number.to_string()),
            (_, Value::Double(number)) => self.number(number.is_finite(), &number.to_string()),
            (kind, Value::Bytes(bytes)) => self.bytes(matches!(kind, Type::Opaque(_)), bytes),
            (Type::Array(element, _), Value::Array(values)) => {
                self.out.push(b'[');
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        self.out.push(b',');
                    }
                    self.value(element, value);
                }
                self.out.push(b']');
            }
            (Type::Struct(_) | Type::Union(_), Value::Struct(_) | Value::Union(..)) => {
                let mut separator = b'{';
                named_parts(interface, kind, value, |name, kind, value| {
                    self.out.push(std::mem::replace(&mut separator, b','));
                    self.name(name);
                    self.value(kind, value);
                });
                self.out.push(b'}');
            }
            (Type::Optional(element), Value::Optional(Some(value))) => self.value(element, value),
            (Type::Optional(element), Value::List { length, values }) => self.list(element, *length, values),
            _ => self.text("null"),
        }
    }

    /// `{n=1,next={n=2,next=null}}`, without going deeper for each element.
    fn list(&mut self, element: &Type, length: usize, values: &[Value]) {
        let Some((link, fields)) = self.interface.list_fields(element).and_then(<[_]>::split_last) else { return };
        let mut values = values.iter();
        for _ in 0..length {
            self.out.push(b'{');
            for (field, value) in fields.iter().zip(values.by_ref()) {
                self.name(&field.name);
                self.value(&field.kind, value);
                self.out.push(b',');
            }
            self.name(&link.name);
        }
        self.text("null");
        self.out.resize(self.out.len() + length, b'}');
    }

    /// JSON has neither NaN nor infinity.
    fn number(&mut self, is_finite: bool, text: &str) {
        self.text(if self.style == Style::Json && !is_finite { "null" } else { text });
    }

    fn bytes(&mut self, is_opaque: bool, bytes: &[u8]) {
        match (self.style, is_opaque) {
            (Style::Words, true) => hex(bytes, self.out),
            (Style::Words, false) => string(bytes, self.out),
            (Style::Json, true) => self.text(&serde_json::json!({ "base64": json::base64(bytes) }).to_string()),
            (Style::Json, false) => self.text(&json::bytes(bytes).to_string()),
        }
    }
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
