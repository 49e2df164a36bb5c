//! Alias substitution (XCU 2.3.1): the value of an alias and the rest of its line become the text that is parsed.

use crate::syntax::cursor::{After, Cursor};
use bstr::BString;
use std::borrow::Cow;

/// How a text with an alias's value came about.
pub(super) struct Splice<'a> {
    /// The place behind the alias's name.
    origin: Cursor<'a>,
    alias: BString,
    /// The length of what stands behind the value: while more is left, the cursor is inside the value.
    behind: usize,
    /// The value ends with a blank: the next word is looked up too.
    ends_blank: bool,
}

impl<'a> Splice<'a> {
    /// The end of the line in which the alias stands.
    pub fn end(&self) -> Cursor<'a> {
        self.origin.advance(self.origin.line_length())
    }

    /// For the place in the spliced text with `left` bytes behind it: what is left behind it in the text
    /// that was spliced into. All places inside the value are where the name ended.
    fn left_outside(&self, left: usize) -> usize {
        self.origin.rest().len() - (self.behind - left.min(self.behind))
    }
}

/// Bytes of a literal word that can be an alias's name.
fn is_alias_byte(byte: u8) -> bool {
    !b" \t\n;&|<>()'\"\\$`".contains(&byte)
}

impl<'a> Cursor<'a> {
    /// If an unquoted literal word with an alias begins here, the cursor over its value and the rest of the line.
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
        let literal = !at.rest().first().is_some_and(|byte| b"'\"\\$`".contains(byte));
        let is_number = name.iter().all(u8::is_ascii_digit) && matches!(at.rest().first(), Some(b'<' | b'>'));
        if name.is_empty() || !literal || is_number || self.is_inside(&name) {
            return None;
        }
        let value = self.context().aliases.alias(name.as_ref().into())?;
        let behind = at.line_length() + usize::from(at.line_length() < at.rest().len());
        let splice = Splice {
            origin: at,
            alias: name.as_ref().into(),
            behind,
            ends_blank: value.last().is_some_and(|byte| b" \t".contains(byte)),
        };
        let text = [value, &at.rest()[..behind]].concat();
        let line = self.context().alloc(text.into(), at.number(), After::Splice(splice));
        Some(Self::start(line))
    }

    /// Whether the place is inside the value of the alias `name`.
    fn is_inside(self, name: &[u8]) -> bool {
        let (mut line, mut left) = (self.line, self.rest().len());
        while let After::Splice(splice) = &line.after {
            if left > splice.behind {
                if splice.alias == name {
                    return true;
                }
                // The name itself was in the value around, even when nothing of that value is left behind it.
                left = splice.origin.rest().len() + 1;
            } else {
                left = splice.left_outside(left);
            }
            line = splice.origin.line;
        }
        false
    }

    /// Whether, between `before` and here, an alias's value ended that ends with a blank: the word here is looked up too.
    pub fn follows_blank_alias(self, before: Self) -> bool {
        if !self.context().has_aliases {
            return false;
        }
        let (mut from, mut to, mut line) = (before.rest().len(), self.rest().len(), before.line);
        // A line continuation behind the value leads out of the spliced text.
        while !std::ptr::eq(line, self.line) {
            let After::Splice(splice) = &line.after else { return false };
            if splice.ends_blank && from >= splice.behind {
                return true;
            }
            from = splice.left_outside(from);
            line = splice.origin.line;
        }
        while let After::Splice(splice) = &line.after {
            if to > splice.behind {
                return false;
            }
            if splice.ends_blank && from >= splice.behind {
                return true;
            }
            (from, to) = (splice.left_outside(from), splice.left_outside(to));
            line = splice.origin.line;
        }
        false
    }
}
