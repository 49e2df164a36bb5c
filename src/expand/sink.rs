//! Where the results of expansions go: [`Sink`], and the two sinks that make one text.

use super::Scope;

/// What takes the results of expansions, from left to right.
///
/// Results are appended to `buffer` and then declared: [`Sink::quoted`] or [`Sink::result`] say what the bytes from an index on are.
pub(super) trait Sink {
    /// Where results are appended.
    fn buffer(&mut self) -> &mut Vec<u8>;

    /// Unquoted text of the source.
    fn literal(&mut self, text: &[u8]);

    /// The bytes of the buffer from `from` on are quoted.
    fn quoted(&mut self, from: usize);

    /// The bytes of the buffer from `from` on are the result of an expansion that is not quoted.
    fn result<S: Scope>(&mut self, scope: &S, from: usize);

    /// Between two positional parameters of `$@` or `$*`.
    fn between<S: Scope>(&mut self, scope: &S, joined: Joined);

    /// Double quotes begin.
    fn open_quotes(&mut self) -> Mark {
        Mark::default()
    }

    /// Double quotes end.
    fn close_quotes(&mut self, _: Mark) {}

    /// `"$@"` without positional parameters (`yes`): no field at all, unless something else in the word makes one. Returns whether
    /// there was one in these quotes.
    fn vanish(&mut self, _yes: bool) -> bool {
        false
    }
}

/// How positional parameters are put together (XCU 2.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// `"$@"`
    QuotedAt,
    /// `"$*"`
    QuotedStar,
    /// `$@`
    At,
    /// `$*`
    Star,
}

/// Where double quotes began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    /// The number of finished fields.
    pub fields: usize,
    /// The length of the buffer.
    pub length: usize,
    /// What the sink knew of the quotes around these.
    pub vanished: bool,
}

/// Joins everything: no splitting, no patterns.
pub(super) struct Text<'a>(pub &'a mut Vec<u8>);

impl Sink for Text<'_> {
    #[inline]
    fn buffer(&mut self) -> &mut Vec<u8> {
        self.0
    }

    #[inline]
    fn literal(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }

    #[inline]
    fn quoted(&mut self, _: usize) {}

    #[inline]
    fn result<S: Scope>(&mut self, _: &S, _: usize) {}

    fn between<S: Scope>(&mut self, scope: &S, joined: Joined) {
        join(scope, joined, self.0);
    }
}

/// What joins parameters where they cannot be fields: the first character of IFS for `$*`, a blank for `$@`. (The
/// standard leaves `$@` open here; this is what ksh and bash do.)
fn join<S: Scope>(scope: &S, joined: Joined, out: &mut Vec<u8>) {
    match joined {
        Joined::QuotedStar | Joined::Star => out.extend_from_slice(scope.ifs().first()),
        Joined::QuotedAt | Joined::At => out.push(b' '),
    }
}

/// A pattern as text: a backslash stands before what was quoted where it could be special (XCU 2.14.1).
///
/// A backslash that comes from an expansion quotes too; one at the end of an expansion does not quote what is quoted
/// behind it.
#[derive(Default)]
pub(super) struct PatternText {
    /// The text.
    pub bytes: Vec<u8>,
    /// Something in it is special: it has to be parsed.
    special: bool,
    /// There is an unquoted `[`: more characters are special behind it.
    bracket: bool,
}

/// Whether a byte has a meaning in a pattern outside bracket expressions.
#[inline]
pub(super) fn is_special(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[' | b'\\')
}

/// Whether a byte has a meaning in a pattern, inside bracket expressions too.
#[inline]
pub(super) fn is_special_in_bracket(byte: u8) -> bool {
    is_special(byte) || matches!(byte, b']' | b'!' | b'^' | b'-' | b':' | b'.' | b'=')
}

/// Append quoted text to a pattern's text.
pub(super) fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    if !text.is_empty() && ends_with_escape(out) {
        out.push(b'\\');
    }
    for &byte in text {
        if is_special_in_bracket(byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
}

/// Whether the text ends with a backslash that would quote what comes behind.
fn ends_with_escape(text: &[u8]) -> bool {
    text.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}

impl PatternText {
    /// The text, if it is without any pattern.
    pub fn literal(&self) -> Option<&[u8]> {
        (!self.special).then_some(&self.bytes)
    }

    fn notice(&mut self, from: usize) {
        for &byte in &self.bytes[from..] {
            self.special |= is_special(byte);
            self.bracket |= byte == b'[';
        }
    }
}

impl Sink for PatternText {
    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    fn literal(&mut self, text: &[u8]) {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(text);
        self.notice(from);
    }

    fn quoted(&mut self, from: usize) {
        let bracket = self.bracket;
        let special = |&byte: &u8| if bracket { is_special_in_bracket(byte) } else { is_special(byte) };
        if self.bytes[from..].iter().any(special) || ends_with_escape(&self.bytes[..from]) {
            let text = self.bytes.split_off(from);
            push_quoted(&mut self.bytes, &text);
            self.special = true;
        }
    }

    fn result<S: Scope>(&mut self, _: &S, from: usize) {
        self.notice(from);
    }

    fn between<S: Scope>(&mut self, scope: &S, joined: Joined) {
        let from = self.bytes.len();
        join(scope, joined, &mut self.bytes);
        self.quoted(from);
    }
}
