//! Values of XDR as JSON (`-j`): structs and unions are objects, opaque data and strings that are not UTF-8 `{"base64":"..."}`, an optional that
//! is absent is null, and enums are their names.

use crate::ipc::json;
use crate::ipc::rpc::interface::{Interface, Type};
use crate::ipc::rpc::text::named_parts;
use crate::ipc::rpc::xdr::Value;
use serde_json::Value as Json;

/// A value as JSON.
pub fn to_json(interface: &Interface, kind: &Type, value: &Value) -> Json {
    match (interface.resolve(kind), value) {
        (Type::Enum(members), Value::Integer(number)) => {
            match members.iter().find(|(_, known)| i128::from(*known) == *number) {
                Some((name, _)) => Json::from(name.as_str()),
                None => integer(*number),
            }
        }
        (Type::Bool, Value::Integer(number)) => Json::from(*number != 0),
        (_, Value::Integer(number)) => integer(*number),
        (_, Value::Float(number)) => Json::from(*number),
        (_, Value::Double(number)) => Json::from(*number),
        (Type::Opaque(_), Value::Bytes(bytes)) => serde_json::json!({ "base64": json::base64(bytes) }),
        (_, Value::Bytes(bytes)) => json::bytes(bytes),
        (Type::Array(element, _), Value::Array(values)) => {
            values.iter().map(|value| to_json(interface, element, value)).collect()
        }
        (Type::Struct(_) | Type::Union(_), Value::Struct(_) | Value::Union(..)) => {
            let mut object = serde_json::Map::new();
            named_parts(interface, kind, value, |name, kind, value| {
                object.insert(name.to_owned(), to_json(interface, kind, value));
            });
            Json::Object(object)
        }
        (Type::Optional(element), Value::Optional(Some(value))) => to_json(interface, element, value),
        _ => Json::Null,
    }
}

/// A value as one line of JSON; void is `null`.
pub fn json_line(interface: &Interface, kind: &Type, value: &Value) -> Vec<u8> {
    json::line(&to_json(interface, kind, value))
}

fn integer(number: i128) -> Json {
    i64::try_from(number).map(Json::from).or_else(|_| u64::try_from(number).map(Json::from)).unwrap_or(Json::Null)
}
