//! Values as people write them: `42`, `[1,2]`, `{a=1,b=2}`, enums by name or number, opaque data in hexadecimal, strings with blanks in double
//! quotes, `null` for an optional that is absent, and `name=value` for each field of a struct or union.
//!
//! ```text
//! rpc call calc.x::DIV a=7 b=2        [arguments]  text  -> values -> xdr -> the wire
//! err=OK                              [print]      text <- values <- xdr <- the wire
//! value=3
//! echo err=OK value=3                 [result]     what the server's function prints
//! ```
//! A value that stands alone is bare: a string is then its bytes, without quotes or escapes, so that a shell can give and take any text.

mod read;
mod words;
mod write;

pub use read::{alone, bare, result};
pub use words::{arguments, in_order, union};
pub use write::{json_line, nested, print};

use crate::ipc::rpc::xdr::XdrError;

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
