//! [`Cursor`]: a place in the source, as nom sees it. It holds the rest of the current line and can be copied freely; backtracking
//! is taking an older copy. [`Cursor::next_line`] is the only function that crosses a line, and the only one that
//! asks the source for another.

use crate::syntax::ast::HereDoc;
use crate::syntax::error::{Failure, Place, Situation};
use crate::syntax::{AliasLookup, LineSource, Prompt, ReadError};
use bstr::{BStr, BString};
use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use typed_arena::Arena;

/// What a parser function returns.
pub type Parsed<'a, T> = nom::IResult<Cursor<'a>, T, Failure<'a>>;

/// A line of the source, or an alias's value spliced in front of the rest of one.
pub struct Line<'a> {
    pub(super) text: BString,
    pub(super) number: u32,
    next: OnceCell<Option<&'a Line<'a>>>,
    /// The line with the alias's value in front, once an alias was found on this one.
    spliced: OnceCell<&'a Line<'a>>,
    /// For a spliced line: what it was made of.
    pub(super) splice: Option<Splice<'a>>,
}

/// How a spliced line came about.
pub struct Splice<'a> {
    origin: &'a Line<'a>,
    alias: BString,
    /// The length of what stood behind the alias: while more is left, the cursor is inside the alias's value.
    behind: usize,
    /// The value ends with a blank: the next word is looked up too.
    ends_blank: bool,
}

/// What all cursors of a command share.
pub struct Context<'a> {
    arena: &'a Arena<Line<'a>>,
    source: RefCell<&'a mut dyn LineSource>,
    pub(super) aliases: &'a dyn AliasLookup,
    /// Here-documents whose bodies begin at the next newline.
    pub(super) pending: RefCell<Vec<Rc<HereDoc>>>,
    /// The number of the line that was read last.
    last: Cell<u32>,
    /// Nesting of constructs around the current place.
    pub(super) depth: Cell<u32>,
    /// Why the source gave no more lines, if it was not the end.
    pub(super) read_error: RefCell<Option<ReadError>>,
    started: Cell<bool>,
}

/// How deeply constructs may be nested.
const MAX_DEPTH: u32 = 5000;

impl<'a> Context<'a> {
    pub(super) fn new(
        arena: &'a Arena<Line<'a>>,
        source: &'a mut dyn LineSource,
        aliases: &'a dyn AliasLookup,
        line: u32,
    ) -> Self {
        Self {
            arena,
            source: RefCell::new(source),
            aliases,
            pending: RefCell::default(),
            last: Cell::new(line),
            depth: Cell::new(0),
            read_error: RefCell::default(),
            started: Cell::new(false),
        }
    }

    /// The number of the line that was read last.
    pub(super) fn line(&self) -> u32 {
        self.last.get()
    }

    fn alloc(&self, text: BString, number: u32, splice: Option<Splice<'a>>) -> &'a Line<'a> {
        self.arena.alloc(Line { text, number, next: OnceCell::new(), spliced: OnceCell::new(), splice })
    }

    /// Ask the source for a line.
    fn read(&self) -> Option<&'a Line<'a>> {
        let prompt = if self.started.replace(true) { Prompt::Continuation } else { Prompt::Primary };
        match self.source.borrow_mut().next_line(prompt) {
            Ok(Some(mut text)) => {
                if memchr::memchr(0, &text).is_some() {
                    text.retain(|&byte| byte != 0);
                }
                self.last.set(self.last.get() + 1);
                Some(self.alloc(text, self.last.get(), None))
            }
            Ok(None) => None,
            Err(error) => {
                *self.read_error.borrow_mut() = Some(error);
                None
            }
        }
    }

    /// Begin a command: its first line.
    pub(super) fn first_line(&'a self) -> Option<Cursor<'a>> {
        self.started.set(false);
        self.read().map(|line| Cursor { rest: &line.text, line, context: self })
    }

    /// A cursor over a text of its own (the body of a here-document, backquotes), which ends where the text ends.
    pub(super) fn over(&'a self, text: BString, number: u32) -> Cursor<'a> {
        let line = self.alloc(text, number, None);
        let _ = line.next.set(None);
        Cursor { rest: &line.text, line, context: self }
    }
}

/// A place in the source.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    pub(super) rest: &'a [u8],
    pub(super) line: &'a Line<'a>,
    pub(super) context: &'a Context<'a>,
}

impl std::fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        BStr::new(self.rest).fmt(f)
    }
}

impl<'a> Cursor<'a> {
    /// The next byte behind any line continuation, which is skipped: `\`+newline means nothing anywhere outside of
    /// single quotes. `None` at the end of the input.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        match self.rest {
            [b'\\', b'\n', ..] => self.peek_continued(),
            [byte, ..] => Some(*byte),
            [] => None,
        }
    }

    #[cold]
    fn peek_continued(&mut self) -> Option<u8> {
        while let [b'\\', b'\n', ..] = self.rest {
            let newline = self.advance(1);
            match newline.next_line() {
                Some(next) => *self = next,
                None => {
                    *self = newline.advance(1);
                    return None;
                }
            }
        }
        self.rest.first().copied()
    }

    /// The cursor `count` bytes further on the same line.
    #[inline]
    pub fn advance(self, count: usize) -> Self {
        Self { rest: &self.rest[count..], ..self }
    }

    /// The same, if `byte` comes next.
    #[inline]
    pub fn eat(mut self, byte: u8) -> Option<Self> {
        (self.peek() == Some(byte)).then(|| self.advance(1))
    }

    /// The place behind the newline (or the end of the line) that comes next, on the next line; `None` at the end of the input.
    pub fn next_line(self) -> Option<Self> {
        let behind = match self.rest {
            [b'\n', behind @ ..] => behind,
            behind => behind,
        };
        if !behind.is_empty() {
            return Some(Self { rest: behind, ..self });
        }
        let mut line = self.line;
        while let Some(splice) = &line.splice {
            line = splice.origin;
        }
        let next = (*line.next.get_or_init(|| self.context.read()))?;
        Some(Self { rest: &next.text, line: next, context: self.context })
    }

    /// Where this is, for messages.
    pub fn place(self) -> Place<'a> {
        let column = self.line.text.len() - self.rest.len().min(self.line.text.len());
        Place { line: self.line, column }
    }

    /// A failure here.
    pub fn fail<T>(self, situation: Situation<'a>) -> Parsed<'a, T> {
        Err(nom::Err::Failure(Failure { place: self.place(), situation, at_end: self.rest.is_empty() }))
    }

    /// One level deeper; an error if that is too deep. The caller leaves with [`Cursor::leave`].
    pub fn enter(self) -> Result<(), nom::Err<Failure<'a>>> {
        let depth = self.context.depth.get() + 1;
        if depth > MAX_DEPTH {
            return Err(nom::Err::Failure(Failure {
                place: self.place(),
                situation: Situation::NestedTooDeeply,
                at_end: false,
            }));
        }
        self.context.depth.set(depth);
        Ok(())
    }

    /// The end of what [`Cursor::enter`] began.
    pub fn leave(self) {
        self.context.depth.set(self.context.depth.get() - 1);
    }

    /// If an unquoted literal word with an alias begins here, the cursor over its value and the rest of the line.
    pub fn splice_alias(self) -> Option<Self> {
        let length = self.rest.iter().position(|&byte| !is_alias_byte(byte)).unwrap_or(self.rest.len());
        let (name, behind) = self.rest.split_at(length);
        if let [b'\\', b'\n', ..] = behind {
            return self.splice_continued();
        }
        if name.is_empty() || behind.first().is_some_and(|&byte| b"'\"\\$`".contains(&byte)) || self.is_inside(name) {
            return None;
        }
        let value = self.context.aliases.alias(name.into())?;
        let line = self.line.spliced.get_or_init(|| {
            let mut text = value.to_owned();
            text.extend_from_slice(behind);
            let splice = Splice {
                origin: self.line,
                alias: name.into(),
                behind: behind.len(),
                ends_blank: value.last().is_some_and(|byte| b" \t".contains(byte)),
            };
            self.context.alloc(text, self.line.number, Some(splice))
        });
        Some(Self { rest: &line.text, line, context: self.context })
    }

    /// The same for a name with line continuations in it.
    #[cold]
    fn splice_continued(self) -> Option<Self> {
        let mut name = BString::default();
        let mut at = self;
        while let Some(byte) = at.peek().filter(|&byte| is_alias_byte(byte)) {
            name.push(byte);
            at = at.advance(1);
        }
        if name.is_empty() || at.rest.first().is_some_and(|byte| b"'\"\\$`".contains(byte)) || self.is_inside(&name) {
            return None;
        }
        let value = self.context.aliases.alias(name.as_ref())?;
        let line = at.line.spliced.get_or_init(|| {
            let ends_blank = value.last().is_some_and(|byte| b" \t".contains(byte));
            let text = [value, at.rest].concat().into();
            let splice = Splice { origin: at.line, alias: name, behind: at.rest.len(), ends_blank };
            self.context.alloc(text, at.line.number, Some(splice))
        });
        Some(Self { rest: &line.text, line, context: self.context })
    }

    /// Whether the place is inside the value of the alias `name`.
    fn is_inside(self, name: &[u8]) -> bool {
        self.splices().any(|splice| splice.alias == name && self.rest.len() > splice.behind)
    }

    fn splices(self) -> impl Iterator<Item = &'a Splice<'a>> {
        std::iter::successors(self.line.splice.as_ref(), |splice| splice.origin.splice.as_ref())
    }

    /// Whether, between `before` and here, an alias's value ended that ends with a blank: the word here is looked up too.
    pub fn follows_blank_alias(self, before: Self) -> bool {
        std::ptr::eq(self.line, before.line)
            && self.splices().any(|splice| {
                splice.ends_blank && before.rest.len() >= splice.behind && self.rest.len() <= splice.behind
            })
    }
}

/// Bytes of a literal word that can be an alias's name here.
fn is_alias_byte(byte: u8) -> bool {
    !b" \t\n;&|<>()'\"\\$`".contains(&byte)
}

impl<'a> nom::Input for Cursor<'a> {
    type Item = u8;
    type Iter = std::iter::Copied<std::slice::Iter<'a, u8>>;
    type IterIndices = std::iter::Enumerate<Self::Iter>;

    fn input_len(&self) -> usize {
        self.rest.len()
    }

    fn take(&self, index: usize) -> Self {
        Self { rest: &self.rest[..index], ..*self }
    }

    fn take_from(&self, index: usize) -> Self {
        self.advance(index)
    }

    fn take_split(&self, index: usize) -> (Self, Self) {
        (self.advance(index), self.take(index))
    }

    fn position<P: Fn(u8) -> bool>(&self, predicate: P) -> Option<usize> {
        self.rest.iter().position(|&byte| predicate(byte))
    }

    fn iter_elements(&self) -> Self::Iter {
        self.rest.iter().copied()
    }

    fn iter_indices(&self) -> Self::IterIndices {
        self.iter_elements().enumerate()
    }

    fn slice_index(&self, count: usize) -> Result<usize, nom::Needed> {
        if count <= self.rest.len() { Ok(count) } else { Err(nom::Needed::Unknown) }
    }
}
