//! Names and integers as text.

/// Whether `text` is a name (XBD 3.216): letters, digits and underscores, no digit first.
pub fn is_name(text: &[u8]) -> bool {
    text.first().is_some_and(|&first| first.is_ascii_alphabetic() || first == b'_')
        && text.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// An integer constant of arithmetic (XCU 2.6.4) with white space around it and a sign before it: decimal, octal (`0`) or
/// hexadecimal (`0x`). An empty text is 0. A constant that is too large wraps, as the operators do.
pub fn parse_integer(text: &[u8]) -> Option<i64> {
    if let Some(value) = plain_decimal(text) {
        return Some(value);
    }
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

/// The value of what nearly all numbers are: a few decimal digits, the first of them no zero. `None` says nothing of others.
#[inline]
fn plain_decimal(text: &[u8]) -> Option<i64> {
    let is_plain = matches!(text.first(), Some(b'1'..=b'9')) && text.len() <= MOST_DIGITS;
    let add = |value: i64, &byte: &u8| {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 { Some(value * 10 + i64::from(digit)) } else { None }
    };
    if is_plain { text.iter().try_fold(0, add) } else { None }
}

/// So many decimal digits are always less than 2^63.
const MOST_DIGITS: usize = 18;

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
    if let Some(value) = plain_decimal(text) {
        return Some(value);
    }
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

/// The digits of 00 to 99: with them an integer becomes text with half the divisions.
const PAIRS: [u8; 200] = {
    let mut pairs = [b'0'; 200];
    let mut number = 0;
    while number < 100 {
        pairs[number * 2] += (number / 10) as u8;
        pairs[number * 2 + 1] += (number % 10) as u8;
        number += 1;
    }
    pairs
};

/// Append the decimal digits of an integer.
pub fn append_integer(out: &mut Vec<u8>, integer: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = integer.unsigned_abs();
    while rest >= 10 {
        at -= 2;
        let pair = (rest % 100) as usize * 2;
        digits[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
        rest /= 100;
    }
    if rest > 0 || at == digits.len() {
        at -= 1;
        digits[at] = b'0' + rest as u8;
    }
    if integer < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_become_text_and_integers_again() {
        let mut numbers: Vec<i64> = (0..2000).collect();
        for exponent in 0..19 {
            let power = 10i64.pow(exponent);
            numbers.extend([power - 1, power, power + 1, power * 9 - 1]);
        }
        numbers.extend([i64::MAX, i64::MIN, i64::MIN + 1]);
        for number in numbers.iter().flat_map(|&number| [number, number.wrapping_neg()]) {
            let mut text = Vec::new();
            append_integer(&mut text, number);
            assert_eq!(text, number.to_string().as_bytes());
            assert_eq!(parse_integer(&text), Some(number));
            assert_eq!(parse_decimal(&text), Some(number));
        }
    }

    #[test]
    fn what_is_no_plain_decimal_is_read_by_its_own_rules() {
        assert_eq!((parse_integer(b""), parse_decimal(b"")), (Some(0), None));
        assert_eq!((parse_integer(b"010"), parse_decimal(b"010")), (Some(8), Some(10)));
        assert_eq!((parse_integer(b" 12\n"), parse_decimal(b"\t+12 ")), (Some(12), Some(12)));
        assert_eq!((parse_integer(b"1a"), parse_decimal(b"1:")), (None, None));
        assert_eq!((parse_integer(b"12/"), parse_decimal(b"1 2")), (None, None));
        assert_eq!(parse_decimal(b"9223372036854775808"), None);
        assert_eq!(parse_integer(b"9223372036854775808"), Some(i64::MIN));
    }
}
