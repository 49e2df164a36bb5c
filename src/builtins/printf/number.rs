//! Numbers: from an argument (XCU `printf`: a constant of C, or a quote and a character), and to the text of a conversion (XBD 5).

use super::spec::Flags;
use crate::sys::format;
use std::ffi::CString;

/// What is wrong with a numeric argument; its value is what could be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It does not begin with a number.
    NoNumber,
    /// Something is behind the number.
    Trailing,
    /// The number is too large.
    Range,
}

impl Problem {
    /// The words of the message.
    pub fn text(self) -> &'static str {
        match self {
            Self::NoNumber => "expected numeric value",
            Self::Trailing => "not completely converted",
            Self::Range => "out of range",
        }
    }
}

/// An integer by sign and magnitude, because conversions are signed or unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Integer {
    /// A minus was before it.
    pub negative: bool,
    /// Without its sign; as large as possible if it is too large.
    pub magnitude: u64,
    /// What is wrong with the argument.
    pub problem: Option<Problem>,
}

impl Integer {
    /// The value for `%d` and `%i`.
    pub fn signed(self) -> (i64, Option<Problem>) {
        match (self.negative, i64::try_from(self.magnitude)) {
            (false, Ok(value)) => (value, self.problem),
            (true, Ok(value)) => (-value, self.problem),
            (true, Err(_)) if self.magnitude == i64::MIN.unsigned_abs() => (i64::MIN, self.problem),
            (false, Err(_)) => (i64::MAX, Some(self.problem.unwrap_or(Problem::Range))),
            (true, Err(_)) => (i64::MIN, Some(self.problem.unwrap_or(Problem::Range))),
        }
    }

    /// The value for `%o`, `%u`, `%x`: a negative number counts from 2^64 down, as in C.
    pub fn unsigned(self) -> (u64, Option<Problem>) {
        let wraps = self.negative && self.problem != Some(Problem::Range);
        (if wraps { self.magnitude.wrapping_neg() } else { self.magnitude }, self.problem)
    }
}

/// The value of the character behind a leading quote; 0 when there is none. `None` if `text` does not begin with a quote.
pub fn character(text: &[u8], utf8: bool) -> Option<u32> {
    let rest = match text {
        [b'\'' | b'"', rest @ ..] => rest,
        _ => return None,
    };
    let byte = rest.first().copied().map_or(0, u32::from);
    match bstr::decode_utf8(rest).0 {
        Some(character) if utf8 => Some(u32::from(character)),
        _ => Some(byte),
    }
}

/// The integer constant that `text` is: white space, a sign, decimal or octal (0) or hexadecimal (0x) digits. An empty text is 0.
pub fn integer(text: &[u8], utf8: bool) -> Integer {
    if let Some(character) = character(text, utf8) {
        return Integer { negative: false, magnitude: character.into(), problem: None };
    }
    let trimmed = text.trim_ascii_start();
    let (negative, unsigned) = match trimmed {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (radix, digits) = match unsigned {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => (16, rest),
        [b'0', ..] => (8, unsigned),
        rest => (10, rest),
    };
    let mut magnitude = Some(0u64);
    let mut length = 0;
    for digit in digits.iter().map_while(|&byte| char::from(byte).to_digit(radix)) {
        magnitude = magnitude.and_then(|value| value.checked_mul(radix.into())?.checked_add(digit.into()));
        length += 1;
    }
    let problem = if length == 0 && !text.is_empty() {
        Some(Problem::NoNumber)
    } else if length < digits.len() {
        Some(Problem::Trailing)
    } else if magnitude.is_none() {
        Some(Problem::Range)
    } else {
        None
    };
    Integer { negative, magnitude: magnitude.unwrap_or(u64::MAX), problem }
}

/// The floating-point constant that `text` is: all that strtod(3) knows, or a quote and a character. An empty text is 0.
pub fn double(text: &[u8], utf8: bool) -> (f64, Option<Problem>) {
    if text.is_empty() {
        return (0.0, None);
    }
    if let Some(character) = character(text, utf8) {
        return (character.into(), None);
    }
    // Fields have no NUL inside.
    let Ok(c_text) = CString::new(text) else { return (0.0, Some(Problem::NoNumber)) };
    let (value, length, fits) = format::parse_double(&c_text);
    let problem = if length == 0 {
        Some(Problem::NoNumber)
    } else if length < text.len() {
        Some(Problem::Trailing)
    } else if !fits {
        Some(Problem::Range)
    } else {
        None
    };
    (value, problem)
}

/// Append `body` in a field of `width` bytes.
pub fn pad(out: &mut Vec<u8>, width: usize, left: bool, body: &[u8]) {
    let padding = width.saturating_sub(body.len());
    if !left {
        out.resize(out.len() + padding, b' ');
    }
    out.extend_from_slice(body);
    if left {
        out.resize(out.len() + padding, b' ');
    }
}

/// Append a signed decimal integer.
pub fn append_signed(out: &mut Vec<u8>, flags: Flags, width: usize, precision: Option<usize>, value: i64) {
    let sign: &[u8] = match (value < 0, flags.plus, flags.space) {
        (true, _, _) => b"-",
        (_, true, _) => b"+",
        (_, _, true) => b" ",
        _ => b"",
    };
    append_digits(out, flags, width, precision, sign, &Digits::new(value.unsigned_abs(), b'u'));
}

/// Append an unsigned integer: `conversion` is one of `ouxX`.
pub fn append_unsigned(
    out: &mut Vec<u8>,
    flags: Flags,
    width: usize,
    precision: Option<usize>,
    conversion: u8,
    value: u64,
) {
    let digits = Digits::new(value, conversion);
    let (prefix, precision): (&[u8], _) = match (flags.alternative, conversion) {
        (true, b'x') if value != 0 => (b"0x", precision),
        (true, b'X') if value != 0 => (b"0X", precision),
        // The alternative form of an octal number has one more digit in front, a zero.
        (true, b'o') if value != 0 => (b"", Some(precision.unwrap_or(0).max(digits.text().len() + 1))),
        (true, b'o') => (b"", Some(precision.unwrap_or(0).max(1))),
        _ => (b"", precision),
    };
    append_digits(out, flags, width, precision, prefix, &digits);
}

/// The digits of a number, right-aligned in room for the longest.
struct Digits {
    room: [u8; 22],
    start: usize,
}

impl Digits {
    fn new(mut value: u64, conversion: u8) -> Self {
        let (radix, letters): (u64, &[u8; 16]) = match conversion {
            b'o' => (8, b"0123456789abcdef"),
            b'x' => (16, b"0123456789abcdef"),
            b'X' => (16, b"0123456789ABCDEF"),
            _ => (10, b"0123456789abcdef"),
        };
        let mut room = [0; 22];
        let mut start = room.len();
        while value > 0 {
            start -= 1;
            room[start] = letters[(value % radix) as usize];
            value /= radix;
        }
        Self { room, start }
    }

    /// No digits for 0: the precision, at least 1 if there is none, brings zeros.
    fn text(&self) -> &[u8] {
        &self.room[self.start..]
    }
}

fn append_digits(
    out: &mut Vec<u8>,
    flags: Flags,
    width: usize,
    precision: Option<usize>,
    prefix: &[u8],
    digits: &Digits,
) {
    let digits = digits.text();
    let mut zeros = precision.unwrap_or(1).saturating_sub(digits.len());
    let padding = width.saturating_sub(prefix.len() + zeros + digits.len());
    let padding = if flags.zero && !flags.minus && precision.is_none() {
        zeros += padding;
        0
    } else {
        padding
    };
    if !flags.minus {
        out.resize(out.len() + padding, b' ');
    }
    out.extend_from_slice(prefix);
    out.resize(out.len() + zeros, b'0');
    out.extend_from_slice(digits);
    if flags.minus {
        out.resize(out.len() + padding, b' ');
    }
}

#[cfg(test)]
mod tests {
    use super::{Problem, character, integer};

    #[test]
    fn constants_of_c() {
        for (text, value, problem) in [
            ("", 0, None),
            ("12", 12, None),
            (" +12", 12, None),
            ("-0x1F", -31, None),
            ("017", 15, None),
            ("08", 0, Some(Problem::Trailing)),
            ("0x", 0, Some(Problem::Trailing)),
            ("3x", 3, Some(Problem::Trailing)),
            ("abc", 0, Some(Problem::NoNumber)),
            ("-", 0, Some(Problem::NoNumber)),
            (" ", 0, Some(Problem::NoNumber)),
            ("9223372036854775808", i64::MAX, Some(Problem::Range)),
            ("-9223372036854775808", i64::MIN, None),
            ("-99999999999999999999", i64::MIN, Some(Problem::Range)),
        ] {
            assert_eq!(integer(text.as_bytes(), false).signed(), (value, problem), "{text}");
        }
        assert_eq!(integer(b"-1", false).unsigned(), (u64::MAX, None));
        assert_eq!(integer(b"99999999999999999999", false).unsigned(), (u64::MAX, Some(Problem::Range)));
    }

    #[test]
    fn a_quote_gives_the_character() {
        assert_eq!(character("'é".as_bytes(), true), Some(233));
        assert_eq!(character("\"é".as_bytes(), false), Some(195));
        assert_eq!(character(b"'", true), Some(0));
        assert_eq!(character(b"a", true), None);
    }
}
