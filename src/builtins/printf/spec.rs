//! Conversion specifications: `%[argument$][flags][width][.precision]conversion` (XBD 5).

/// A width or a precision, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// None.
    Absent,
    /// A number.
    Number(i32),
    /// `*`: the next argument.
    Next,
    /// `*n$`: argument n.
    Argument(usize),
}

/// The flags that were given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `-`: padding goes to the right side.
    pub minus: bool,
    /// `+`: a sign also before a positive number.
    pub plus: bool,
    /// Blank: a blank where a `+` could be.
    pub space: bool,
    /// `#`: the alternative form.
    pub alternative: bool,
    /// `0`: padding is zeros, behind the sign.
    pub zero: bool,
}

/// One conversion specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// `n$`: which argument is converted, counted from 1; else the next one.
    pub argument: Option<usize>,
    /// The flags.
    pub flags: Flags,
    /// The width.
    pub width: Size,
    /// The precision.
    pub precision: Size,
    /// The conversion's letter.
    pub conversion: u8,
}

/// Parse the specification whose `%` is just before `text`; returns it and its length without the `%`. `None` if `text` ends before
/// the conversion's letter. The letters
/// `hlLjzt`, which in C give the size of an argument, are skipped.
pub fn parse(text: &[u8]) -> Option<(Spec, usize)> {
    let mut at = 0;
    let argument = numbered(text, &mut at);
    let flags = flags(text, &mut at);
    let width = size(text, &mut at);
    let precision = if text.get(at) == Some(&b'.') {
        at += 1;
        match size(text, &mut at) {
            Size::Absent => Size::Number(0),
            size => size,
        }
    } else {
        Size::Absent
    };
    while text.get(at).is_some_and(|letter| b"hlLjzt".contains(letter)) {
        at += 1;
    }
    let conversion = *text.get(at)?;
    Some((Spec { argument, flags, width, precision, conversion }, at + 1))
}

fn flags(text: &[u8], at: &mut usize) -> Flags {
    let mut flags = Flags::default();
    while let Some(flag) = text.get(*at) {
        match flag {
            b'-' => flags.minus = true,
            b'+' => flags.plus = true,
            b' ' => flags.space = true,
            b'#' => flags.alternative = true,
            b'0' => flags.zero = true,
            _ => break,
        }
        *at += 1;
    }
    flags
}

fn size(text: &[u8], at: &mut usize) -> Size {
    if text.get(*at) == Some(&b'*') {
        *at += 1;
        return numbered(text, at).map_or(Size::Next, Size::Argument);
    }
    match digits(text, *at) {
        (_, 0) => Size::Absent,
        (value, length) => {
            *at += length;
            Size::Number(i32::try_from(value).unwrap_or(i32::MAX))
        }
    }
}

/// `n$` with n > 0, if that stands at `at`.
fn numbered(text: &[u8], at: &mut usize) -> Option<usize> {
    let (value, length) = digits(text, *at);
    if value == 0 || text.get(*at + length) != Some(&b'$') {
        return None;
    }
    *at += length + 1;
    Some(value)
}

/// A decimal number and how many digits it has.
fn digits(text: &[u8], at: usize) -> (usize, usize) {
    let digits = text[at..].iter().take_while(|byte| byte.is_ascii_digit());
    digits.fold((0usize, 0), |(value, length), digit| {
        (value.saturating_mul(10).saturating_add(usize::from(digit - b'0')), length + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::{Flags, Size, parse};

    #[test]
    fn all_parts_are_found() {
        let (spec, length) = parse(b"2$-+ #0*3$.*dx").expect("complete");
        assert_eq!(length, 13);
        assert_eq!(spec.argument, Some(2));
        assert_eq!(spec.flags, Flags { minus: true, plus: true, space: true, alternative: true, zero: true });
        assert_eq!((spec.width, spec.precision, spec.conversion), (Size::Argument(3), Size::Next, b'd'));
        let (spec, _) = parse(b"05.s").expect("complete");
        assert!(spec.flags.zero && spec.argument.is_none());
        assert_eq!((spec.width, spec.precision, spec.conversion), (Size::Number(5), Size::Number(0), b's'));
        assert_eq!(parse(b"lld").expect("complete").0.conversion, b'd');
        assert_eq!(parse(b"12"), None);
        assert_eq!(parse(b""), None);
    }
}
