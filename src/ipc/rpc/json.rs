//! JSON-RPC 2.0 (jsonrpc.org/specification): a request is an object with `method`, `params` and `id`; one without an id is a notification and has no
//! answer; an array of requests is a batch, answered by an array.

use serde_json::{Map, Value, json};

/// The text is no JSON.
pub const PARSE_ERROR: i64 = -32700;
/// It is no request.
pub const INVALID_REQUEST: i64 = -32600;
/// There is no such method.
pub const METHOD_NOT_FOUND: i64 = -32601;
/// The parameters are wrong.
pub const INVALID_PARAMS: i64 = -32602;
/// The server has failed.
pub const INTERNAL_ERROR: i64 = -32603;

/// How deep JSON may be nested is limited by the parser; how many requests a batch may have is limited here.
const MOST_IN_BATCH: usize = 10_000;

/// An error of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// Its number; those from -32768 to -32000 are the protocol's.
    pub code: i64,
    /// One sentence.
    pub message: String,
    /// More of it.
    pub data: Option<Value>,
}

impl Failed {
    /// One of the errors of the protocol, with its words.
    pub fn standard(code: i64) -> Self {
        let message = match code {
            PARSE_ERROR => "Parse error",
            INVALID_REQUEST => "Invalid Request",
            METHOD_NOT_FOUND => "Method not found",
            INVALID_PARAMS => "Invalid params",
            _ => "Internal error",
        };
        Self { code, message: message.to_owned(), data: None }
    }
}

/// Executes methods. `params` is an array, an object, or null if there are none.
pub trait Methods {
    /// Execute one.
    ///
    /// # Errors
    /// It is not there, or has failed.
    fn execute(&mut self, method: &str, params: &Value) -> Result<Value, Failed>;
}

/// Answer a message: a request or a batch. `None` when there is nothing to answer.
pub fn answer(message: &[u8], methods: &mut dyn Methods) -> Option<Vec<u8>> {
    let response = match serde_json::from_slice(message) {
        Err(_) => Some(failure(Value::Null, &Failed::standard(PARSE_ERROR))),
        Ok(Value::Array(requests)) if requests.is_empty() || requests.len() > MOST_IN_BATCH => {
            Some(failure(Value::Null, &Failed::standard(INVALID_REQUEST)))
        }
        Ok(Value::Array(requests)) => {
            let responses: Vec<Value> = requests.iter().filter_map(|request| one(request, methods)).collect();
            (!responses.is_empty()).then_some(Value::Array(responses))
        }
        Ok(request) => one(&request, methods),
    };
    response.map(|response| response.to_string().into_bytes())
}

fn one(request: &Value, methods: &mut dyn Methods) -> Option<Value> {
    let invalid = || Some(failure(Value::Null, &Failed::standard(INVALID_REQUEST)));
    let Some(object) = request.as_object() else { return invalid() };
    let id = object.get("id");
    let is_id = id.is_none_or(|id| id.is_string() || id.is_number() || id.is_null());
    let (Some("2.0"), Some(method), true) =
        (object.get("jsonrpc").and_then(Value::as_str), object.get("method").and_then(Value::as_str), is_id)
    else {
        return invalid();
    };
    let params = object.get("params").unwrap_or(&Value::Null);
    if !(params.is_null() && !object.contains_key("params") || params.is_array() || params.is_object()) {
        return invalid();
    }
    let result = methods.execute(method, params);
    // Whoever sends a notification does not want to know.
    let id = id?.clone();
    Some(match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "result": result, "id": id }),
        Err(failed) => failure(id, &failed),
    })
}

fn failure(id: Value, failed: &Failed) -> Value {
    let mut error = Map::new();
    error.insert("code".into(), failed.code.into());
    error.insert("message".into(), failed.message.as_str().into());
    if let Some(data) = &failed.data {
        error.insert("data".into(), data.clone());
    }
    json!({ "jsonrpc": "2.0", "error": error, "id": id })
}

/// A request; without an id it is a notification.
pub fn request(method: &str, params: Option<Value>, id: Option<u32>) -> Value {
    let mut object = Map::new();
    object.insert("jsonrpc".into(), "2.0".into());
    object.insert("method".into(), method.into());
    if let Some(params) = params {
        object.insert("params".into(), params);
    }
    if let Some(id) = id {
        object.insert("id".into(), id.into());
    }
    Value::Object(object)
}

/// What a message of the server is to somebody who waits for an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading<T> {
    /// The answer.
    Answer(T),
    /// Something else, which may come before it: an empty line, a notification, the answer to another request.
    Other(String),
    /// Nothing that JSON-RPC knows.
    Wrong(String),
}

/// What a message says to the request with this id: the result, or the error.
pub fn response(text: &[u8], id: u32) -> Reading<Result<Value, Failed>> {
    let object = match object_or_array(text) {
        Ok(Value::Object(object)) => object,
        Ok(_) => return Reading::Wrong(String::from("it is no object")),
        Err(reading) => return reading,
    };
    if !object.get("id").is_some_and(|found| *found == json!(id) || found.is_null()) {
        return Reading::Other(String::from("it answers another request"));
    }
    match (object.get("result"), object.get("error").and_then(Value::as_object)) {
        (Some(result), None) => Reading::Answer(Ok(result.clone())),
        (None, Some(error)) => match error.get("code").and_then(Value::as_i64) {
            Some(code) => Reading::Answer(Err(Failed {
                code,
                message: error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
                data: error.get("data").cloned(),
            })),
            None => Reading::Wrong(String::from("its error has no code")),
        },
        _ => Reading::Wrong(String::from("it has neither a result nor an error")),
    }
}

/// What a message says to a batch: the responses, or one that is about all of it.
pub fn responses(text: &[u8]) -> Reading<Vec<Value>> {
    match object_or_array(text) {
        Ok(Value::Array(responses)) => Reading::Answer(responses),
        Ok(response) => Reading::Answer(vec![response]),
        Err(reading) => reading,
    }
}

/// A message of the server that is no notification.
fn object_or_array<T>(text: &[u8]) -> Result<Value, Reading<T>> {
    if text.trim_ascii().is_empty() {
        return Err(Reading::Other(String::from("it is empty")));
    }
    match serde_json::from_slice::<Value>(text) {
        Ok(value) if value.get("method").is_some() => Err(Reading::Other(String::from("it is a request"))),
        Ok(value) => Ok(value),
        Err(error) => Err(Reading::Wrong(format!("it is no JSON: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Calculator;

    impl Methods for Calculator {
        fn execute(&mut self, method: &str, params: &Value) -> Result<Value, Failed> {
            match (method, params) {
                ("subtract", Value::Array(values)) => {
                    Ok(json!(values[0].as_i64().unwrap_or(0) - values[1].as_i64().unwrap_or(0)))
                }
                ("subtract", _) => {
                    Ok(json!(params["minuend"].as_i64().unwrap_or(0) - params["subtrahend"].as_i64().unwrap_or(0)))
                }
                ("get_data", _) => Ok(json!(["hello", 5])),
                ("sum" | "notify_hello" | "update", _) => Ok(json!(7)),
                _ => Err(Failed::standard(METHOD_NOT_FOUND)),
            }
        }
    }

    fn answered(text: &str) -> Option<Value> {
        answer(text.as_bytes(), &mut Calculator).map(|text| serde_json::from_slice(&text).expect("JSON"))
    }

    fn error(code: i64, message: &str, id: Value) -> Value {
        json!({"jsonrpc": "2.0", "error": {"code": code, "message": message}, "id": id})
    }

    /// The behaviours that section 7 of the specification shows, with data of our own.
    #[test]
    fn requests_and_notifications() {
        let result = |result: Value, id: Value| Some(json!({"jsonrpc": "2.0", "result": result, "id": id}));
        assert_eq!(
            answered(r#"{"jsonrpc":"2.0","method":"subtract","params":[9,4],"id":1}"#),
            result(json!(5), json!(1))
        );
        let named = r#"{"jsonrpc":"2.0","method":"subtract","params":{"subtrahend":4,"minuend":9},"id":"a"}"#;
        assert_eq!(answered(named), result(json!(5), json!("a")));
        assert_eq!(answered(r#"{"jsonrpc":"2.0","method":"update","params":[1]}"#), None);
        assert_eq!(answered(r#"{"jsonrpc":"2.0","method":"no_such"}"#), None, "errors of notifications are not told");
        let missing = r#"{"jsonrpc":"2.0","method":"no_such","id":1}"#;
        assert_eq!(answered(missing), Some(error(METHOD_NOT_FOUND, "Method not found", json!(1))));
    }

    #[test]
    fn what_is_no_request() {
        assert_eq!(answered("{\"jsonrpc\": "), Some(error(PARSE_ERROR, "Parse error", Value::Null)));
        for text in [
            r#"{"jsonrpc":"2.0","method":1,"params":"bar"}"#,
            "[]",
            "1",
            r#"{"method":"sum","id":1}"#,
            r#"{"jsonrpc":"2.0","method":"sum","id":{}}"#,
            r#"{"jsonrpc":"2.0","method":"sum","params":1,"id":1}"#,
        ] {
            assert_eq!(answered(text), Some(error(INVALID_REQUEST, "Invalid Request", Value::Null)), "{text}");
        }
        let nested = "[".repeat(100_000);
        assert_eq!(answered(&nested), Some(error(PARSE_ERROR, "Parse error", Value::Null)));
    }

    #[test]
    fn batches() {
        let three = answered("[1,2,3]").expect("an answer");
        assert_eq!(three, Value::Array(vec![error(INVALID_REQUEST, "Invalid Request", Value::Null); 3]));
        assert_eq!(answered(r#"[{"jsonrpc":"2.0","method":"update"},{"jsonrpc":"2.0","method":"sum"}]"#), None);
        let mixed =
            answered(r#"[{"jsonrpc":"2.0","method":"sum","id":1},{"jsonrpc":"2.0","method":"update"},{"a":1}]"#);
        assert_eq!(mixed.and_then(|mixed| mixed.as_array().map(Vec::len)), Some(2));
    }

    #[test]
    fn messages_to_a_client() {
        let answer = |text: &str| response(text.as_bytes(), 4);
        assert_eq!(answer(r#"{"jsonrpc":"2.0","result":null,"id":4}"#), Reading::Answer(Ok(Value::Null)));
        let failed = Failed { code: -1, message: "m".into(), data: None };
        assert_eq!(
            answer(r#"{"jsonrpc":"2.0","error":{"code":-1,"message":"m"},"id":null}"#),
            Reading::Answer(Err(failed))
        );
        for other in ["", " \r", r#"{"jsonrpc":"2.0","result":1,"id":5}"#, r#"{"jsonrpc":"2.0","method":"m","id":4}"#] {
            assert!(matches!(answer(other), Reading::Other(_)), "{other}");
        }
        for wrong in ["nonsense", "[]", r#"{"jsonrpc":"2.0","id":4}"#, r#"{"jsonrpc":"2.0","error":{},"id":4}"#] {
            assert!(matches!(answer(wrong), Reading::Wrong(_)), "{wrong}");
        }
        assert_eq!(responses(b"[1,2]"), Reading::Answer(vec![json!(1), json!(2)]));
        assert!(matches!(responses(b"{\"method\":\"m\"}"), Reading::Other(_)));
    }

    #[test]
    fn ids_come_back_as_they_were_written() {
        for id in ["123456789012345678901234567890", "1.50", "-0", "1e+400", "\"x\""] {
            let text = format!(r#"{{"jsonrpc":"2.0","method":"sum","id":{id}}}"#);
            let answer = answer(text.as_bytes(), &mut Calculator).expect("an answer");
            assert!(String::from_utf8_lossy(&answer).ends_with(&format!(r#""id":{id}}}"#)), "{id}");
        }
    }
}
