//! Names and integers as text.

/// Whether `text` is a name (XBD 3.216): letters, digits and underscores, no digit first.
pub fn is_name(text: &[u8]) -> bool {
    text.first().is_some_and(|&first| first.is_ascii_alphabetic() || first == b'_')
        && text.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// An integer constant of arithmetic (XCU 2.6.4) with white space around it and a sign before it: decimal, octal (`0`) or
/// hexadecimal (`0x`). An empty text is 0. A constant that is too large wraps, as the operators do.
pub fn parse_integer(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    let (negative, digits) = match text {
        [] => return Some(0),
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let value = match digits {
        [b'0', b'x' | b'X', rest @ ..] => value_of::<16>(rest),
        [b'0', rest @ ..] if !rest.is_empty() => value_of::<8>(rest),
        rest => value_of::<10>(rest),
    }?;
    Some(if negative { value.wrapping_neg() } else { value })
}

/// At least one digit; the value wraps. The compiler makes a loop of its own for each radix.
fn value_of<const RADIX: u32>(digits: &[u8]) -> Option<i64> {
    let add = |value: i64, &digit: &u8| {
        let digit = char::from(digit).to_digit(RADIX)?;
        Some(value.wrapping_mul(i64::from(RADIX)).wrapping_add(i64::from(digit)))
    };
    if digits.is_empty() { None } else { digits.iter().try_fold(0, add) }
}

/// A decimal integer with white space around it, as `test` takes it.
pub fn parse_decimal(text: &[u8]) -> Option<i64> {
    let text = text.trim_ascii();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value: i64 = 0;
    for &digit in digits {
        let digit = char::from(digit).to_digit(10)?;
        value = value.checked_mul(10)?.checked_sub(i64::from(digit))?;
    }
    if negative { Some(value) } else { value.checked_neg() }
}

/// Append the decimal digits of an integer.
pub fn append_integer(out: &mut Vec<u8>, integer: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = integer.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if integer < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}
