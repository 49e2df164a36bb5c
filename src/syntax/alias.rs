//! Alias substitution (XCU 2.3.1): the value of an alias is a text that is parsed in place of the name. Behind it the text in which
//! the name stands goes on, in the middle of its line: nothing is copied, so a line with many aliases takes no more than its length.
//! What was opened in the value, a quote or an operator of two characters, goes on there too.

use crate::syntax::cursor::{After, Cursor, Line};
use std::borrow::Cow;
use std::rc::Rc;

/// How an alias's value came to be parsed.
pub(super) struct Splice<'a> {
    /// The alias's name.
    name: Cow<'a, [u8]>,
    /// The text in which the name stands.
    around: &'a Line<'a>,
    /// The place behind the name, where the text goes on behind the value.
    pub(super) behind: Cursor<'a>,
    /// The value ends with a blank: the next word is looked up too.
    ends_blank: bool,
    /// Earlier commands have left this of the value.
    rest: Option<&'a Rest>,
}

/// What is left of an alias's value behind a newline in it: the next command (XCU 2.10, complete_command).
#[derive(Debug)]
pub(super) struct Rest {
    name: Rc<[u8]>,
    /// The value, and where in it the rest begins.
    value: Rc<[u8]>,
    start: usize,
    ends_blank: bool,
}

/// Bytes of a literal word that can be an alias's name.
fn is_alias_byte(byte: u8) -> bool {
    !b" \t\n;&|<>()'\"\\$`".contains(&byte)
}

impl<'a> Cursor<'a> {
    /// If an unquoted literal word with an alias begins here, the cursor at the start of its value.
    pub fn splice_alias(self) -> Option<Self> {
        if !self.context().has_aliases {
            return None;
        }
        let mut at = self;
        let mut name = Cow::Borrowed(&b""[..]);
        loop {
            let length = at.rest().iter().position(|&byte| !is_alias_byte(byte)).unwrap_or(at.rest().len());
            match &mut name {
                Cow::Borrowed(b"") => name = Cow::Borrowed(&at.rest()[..length]),
                name => name.to_mut().extend_from_slice(&at.rest()[..length]),
            }
            at = at.advance(length);
            // The word goes on behind a line continuation.
            if !at.rest().starts_with(b"\\\n") || !at.peek().is_some_and(is_alias_byte) {
                break;
            }
        }
        let mut behind = at;
        let next = behind.peek();
        let literal = !next.is_some_and(|byte| b"'\"\\$`".contains(&byte));
        let is_number = name.iter().all(u8::is_ascii_digit) && matches!(next, Some(b'<' | b'>'));
        if name.is_empty() || !literal || is_number || self.is_inside(&name) {
            return None;
        }
        let value = self.context().aliases.alias(name.as_ref().into())?;
        let ends_blank = value.last().is_some_and(|byte| b" \t".contains(byte));
        let splice = Splice { name, around: self.line, behind: at, ends_blank, rest: None };
        let text: &[u8] = value;
        Some(Self::start(self.context().alloc(text.into(), at.number(), After::Splice(splice))))
    }

    /// Whether the place is inside the value of the alias `name`.
    fn is_inside(self, name: &[u8]) -> bool {
        let mut line = self.line;
        while let After::Splice(splice) = &line.after {
            if splice.name == name {
                return true;
            }
            line = splice.around;
        }
        false
    }

    /// At the end of an alias's value the place behind its name; any other place as it is.
    pub(super) fn behind_value(self) -> Self {
        let mut at = self;
        while at.rest().is_empty()
            && let After::Splice(splice) = &at.line.after
        {
            at = splice.behind;
        }
        at
    }

    /// At a newline: what is left behind it of the values around this place, the innermost first, and the place behind them in the text.
    pub(super) fn leave_values(self) -> (Vec<Rest>, Self) {
        let mut rests = Vec::new();
        if !self.is_in_value() {
            return (rests, self);
        }
        let mut at = self.advance(self.rest().len().min(1));
        while let After::Splice(splice) = &at.line.after {
            if !at.rest().is_empty() {
                let (name, value) = match splice.rest {
                    Some(rest) => (Rc::clone(&rest.name), Rc::clone(&rest.value)),
                    None => (Rc::from(&splice.name[..]), Rc::from(&at.line.text[..])),
                };
                let start = value.len() - at.rest().len();
                rests.push(Rest { name, value, start, ends_blank: splice.ends_blank });
            }
            at = splice.behind;
        }
        (rests, at)
    }

    /// Before what comes next here, the rests of values.
    pub(super) fn enter_values(self, rests: &'a [Rest]) -> Self {
        rests.iter().rev().fold(self, |at, rest| {
            let (name, ends_blank) = (rest.name[..].into(), rest.ends_blank);
            let splice = Splice { name, around: at.line, behind: at, ends_blank, rest: Some(rest) };
            let text: &[u8] = &rest.value[rest.start..];
            Self::start(at.context().alloc(text.into(), at.number(), After::Splice(splice)))
        })
    }

    /// Whether, between `before` and here, an alias's value ended that ends with a blank: the word here is looked up too.
    pub fn follows_blank_alias(self, before: Self) -> bool {
        let mut line = before.line;
        while !std::ptr::eq(line, self.line)
            && let After::Splice(splice) = &line.after
        {
            if splice.ends_blank {
                return true;
            }
            line = splice.behind.line;
        }
        false
    }
}
