//! [`Cursor`]: a place in the source, as nom sees it. It is as small as two machine words, so that it is passed in registers, and can be
//! copied freely; backtracking is taking an older copy. [`Cursor::next_line`] is the only function that crosses a line, and the only one that
//! asks the source for another.
//!
//! A script that is in memory is one text with many lines. What is typed or read while it is executed comes as a text for each line.
//! The value of an alias is a text, too; at its end the cursor goes on behind the alias's name.

use crate::find;
use crate::syntax::alias::Splice;
use crate::syntax::ast::{FdNum, HereDoc, ListItem, Word, WordPart};
use crate::syntax::compact::Pool;
use crate::syntax::error::{Failure, Place, Situation};
use crate::syntax::marks::{Kind, Listener};
use crate::syntax::open::{self, Construct, Open};
use crate::syntax::{AliasLookup, LineSource, Prompt, ReadError};
use bstr::{BStr, BString};
use std::borrow::Cow;
use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use typed_arena::Arena;

/// Why a parser function returned nothing. It is made only when something is wrong, and boxed to keep results small.
pub type Fail<'a> = nom::Err<Box<Failure<'a>>>;

/// What a parser function returns.
pub type Parsed<'a, T> = nom::IResult<Cursor<'a>, T, Box<Failure<'a>>>;

/// A text that is parsed: one line of the source, or many.
pub struct Line<'a> {
    pub(super) text: Cow<'a, [u8]>,
    /// The number of its first line.
    pub(super) number: u32,
    pub(super) after: After<'a>,
    pub(super) context: &'a Context<'a>,
}

/// What comes behind a text.
pub(super) enum After<'a> {
    /// Nothing.
    End,
    /// The next line of the source, once it was read.
    Source(OnceCell<Option<&'a Line<'a>>>),
    /// The text in which the alias stands whose value this is.
    Splice(Splice<'a>),
}

/// What is kept from one command to the next: memory for lists while they grow.
#[derive(Debug, Default)]
pub struct Pools {
    pub(super) items: Pool<ListItem>,
    pub(super) words: Pool<Word>,
    pub(super) parts: Pool<WordPart>,
    /// The highest number of a descriptor that a redirection has named.
    pub descriptor: Cell<FdNum>,
    /// What the outermost constructs around the current place are called, as many as are open.
    pub(super) open: [Cell<Construct>; open::NAMED],
}

/// What all cursors of a command share.
pub struct Context<'a> {
    arena: &'a Arena<Line<'a>>,
    /// More lines, if the first text is not all.
    source: RefCell<Option<&'a mut (dyn LineSource + 'a)>>,
    pub(super) aliases: &'a dyn AliasLookup,
    pub(super) has_aliases: bool,
    pub(super) pools: &'a Pools,
    /// Here-documents whose bodies begin at the next newline.
    pub(super) pending: RefCell<Vec<Rc<HereDoc>>>,
    /// The number of the line that was read last.
    last: Cell<u32>,
    /// Nesting of constructs around the current place.
    pub(super) depth: Cell<u32>,
    /// Why the source gave no more lines, if it was not the end.
    pub(super) read_error: RefCell<Option<ReadError>>,
    /// Here-documents that the end of the input ended.
    pub(super) unclosed: RefCell<Vec<Rc<HereDoc>>>,
    /// The places of the `$((` that turned out not to be arithmetic, and then what they are: looking twice at each level
    /// would take exponential time.
    pub(super) not_arithmetic: RefCell<BTreeMap<Key, Option<(Cursor<'a>, WordPart)>>>,
    /// The line that was read first.
    first: Cell<Option<&'a Line<'a>>>,
    /// Who wants to know what was recognised.
    pub(super) marks: Option<&'a Listener>,
}

/// A place that can be looked up: the address of its text, and the offset.
pub(super) type Key = (usize, usize);

/// How deeply constructs may be nested.
const MAX_DEPTH: u32 = 5000;

impl<'a> Context<'a> {
    pub(super) fn new(
        arena: &'a Arena<Line<'a>>,
        source: Option<&'a mut (dyn LineSource + 'a)>,
        aliases: &'a dyn AliasLookup,
        pools: &'a Pools,
        line: u32,
    ) -> Self {
        Self {
            arena,
            source: RefCell::new(source),
            aliases,
            has_aliases: !aliases.is_empty(),
            pools,
            pending: RefCell::default(),
            last: Cell::new(line),
            depth: Cell::new(0),
            read_error: RefCell::default(),
            unclosed: RefCell::default(),
            not_arithmetic: RefCell::default(),
            first: Cell::default(),
            marks: None,
        }
    }

    /// The number of the line that was read last.
    pub(super) fn line(&self) -> u32 {
        self.last.get()
    }

    pub(super) fn alloc(&'a self, text: Cow<'a, [u8]>, number: u32, after: After<'a>) -> &'a Line<'a> {
        self.arena.alloc(Line { text, number, after, context: self })
    }

    /// Ask the source for a line.
    fn read(&'a self, prompt: Prompt<'_>) -> Option<&'a Line<'a>> {
        match self.source.borrow_mut().as_mut()?.next_line(prompt) {
            Ok(Some(text)) => {
                self.last.set(self.last.get() + 1);
                let text = Cow::Owned(without_nul(text).into());
                Some(self.alloc(text, self.last.get(), After::Source(OnceCell::new())))
            }
            Ok(None) => None,
            Err(error) => {
                *self.read_error.borrow_mut() = Some(error);
                None
            }
        }
    }

    /// Ask for one more line of the command.
    fn continuation(&'a self, innermost: &[u8]) -> Option<&'a Line<'a>> {
        let around = self.pools.open.get(..self.depth.get() as usize).unwrap_or(&self.pools.open);
        self.read(Prompt::Continuation(Open { around, innermost }))
    }

    /// Begin a command: its first line from the source.
    pub(super) fn first_line(&'a self) -> Option<Cursor<'a>> {
        let line = self.read(Prompt::Primary)?;
        self.first.set(Some(line));
        Some(Cursor::start(line))
    }

    /// Begin with what a command has left of its last line.
    pub(super) fn rest_of_line(&'a self, rest: &'a [u8]) -> Cursor<'a> {
        let line = self.alloc(rest.into(), self.last.get(), After::Source(OnceCell::new()));
        self.first.set(Some(line));
        Cursor::start(line)
    }

    /// Begin with a text that is the first of all.
    pub(super) fn begin(&'a self, text: &'a [u8]) -> Cursor<'a> {
        let cursor = self.over(text, 1);
        self.first.set(Some(cursor.line));
        cursor
    }

    /// Whether a line is the first of all.
    pub(super) fn is_first(&self, line: &Line<'_>) -> bool {
        self.first.get().is_some_and(|first| std::ptr::addr_eq(first, line))
    }

    /// All lines that were read from the source.
    pub(super) fn read_text(&self) -> Vec<u8> {
        let next = |line: &&'a Line<'a>| match &line.after {
            After::Source(next) => next.get().copied().flatten(),
            _ => None,
        };
        std::iter::successors(self.first.get(), next).flat_map(|line| line.text.iter().copied()).collect()
    }

    /// A cursor over a text of its own (a script, the body of a here-document, backquotes), which ends where the text ends.
    pub(super) fn over(&'a self, text: impl Into<Cow<'a, [u8]>>, number: u32) -> Cursor<'a> {
        Cursor::start(self.alloc(text.into(), number, After::End))
    }
}

/// A shell's text has no NUL: it is dropped where the text is read.
pub(super) fn without_nul(mut text: BString) -> BString {
    if find::byte(0, &text).is_some() {
        text.retain(|&byte| byte != 0);
    }
    text
}

/// A place in the source.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    /// The text in which it is.
    pub(super) line: &'a Line<'a>,
    /// Where in it, and in the upper half the number of the line, from 1: in one number, because the two are copied together all
    /// the time. (A single command is not larger than 4 GiB.)
    at: u64,
}

/// What one line more adds to [`Cursor::at`].
const LINE: u64 = 1 << 32;

impl std::fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        BStr::new(self.rest()).fmt(f)
    }
}

impl<'a> Cursor<'a> {
    /// The beginning of a text.
    pub(super) fn start(line: &'a Line<'a>) -> Self {
        Self { line, at: u64::from(line.number) * LINE }
    }

    /// The offset in the text.
    #[inline]
    fn offset(self) -> usize {
        self.at as u32 as usize
    }

    /// The number of the line.
    #[inline]
    pub(super) fn number(self) -> u32 {
        (self.at / LINE) as u32
    }

    /// What stands here, up to the end of the text.
    #[inline]
    pub(super) fn rest(self) -> &'a [u8] {
        self.line.text.get(self.offset()..).unwrap_or_default()
    }

    /// Whether this byte stands before the cursor.
    pub(super) fn is_behind(self, byte: u8) -> bool {
        self.line.text.get(..self.offset()).is_some_and(|before| before.ends_with(&[byte]))
    }

    /// What stands between here and `end`, a later place in the same text.
    #[inline]
    pub(super) fn up_to(self, end: Self) -> &'a [u8] {
        self.line.text.get(self.offset()..end.offset()).unwrap_or_default()
    }

    /// Whether both are the same place.
    pub(super) fn is_at(self, other: Self) -> bool {
        std::ptr::eq(self.line, other.line) && self.offset() == other.offset()
    }

    /// The place as something that can be looked up.
    pub(super) fn key(self) -> Key {
        (std::ptr::from_ref(self.line).addr(), self.offset())
    }

    /// What all cursors of the command share.
    #[inline]
    pub(super) fn context(self) -> &'a Context<'a> {
        self.line.context
    }

    /// The next byte, behind any line continuation, which is skipped (`\`+newline means nothing anywhere outside of
    /// single quotes), and behind the end of an alias's value. `None` at the end of the input.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        self.peek_inside(|| "")
    }

    /// The same inside of what `open` calls by name, as [`Cursor::next_line_inside`].
    #[inline]
    pub(super) fn peek_inside(&mut self, open: impl Fn() -> &'static str) -> Option<u8> {
        match self.rest() {
            [b'\\', b'\n', ..] => self.peek_continued(open()),
            [] | [b'\\'] if self.is_in_value() => self.peek_continued(open()),
            rest => rest.first().copied(),
        }
    }

    /// Whether this is in an alias's value, behind whose end its line goes on.
    #[inline]
    pub(super) fn is_in_value(self) -> bool {
        matches!(self.line.after, After::Splice(_))
    }

    #[cold]
    fn peek_continued(&mut self, open: &'static str) -> Option<u8> {
        loop {
            *self = self.behind_value();
            match self.rest() {
                // (The newline may stand behind the value that the backslash ends.)
                [b'\\', ..] if self.advance(1).behind_value().rest().first() == Some(&b'\n') => {
                    let newline = self.advance(1).behind_value();
                    match newline.next_line_inside(open.as_bytes()) {
                        Some(next) => *self = next,
                        None => {
                            *self = newline.advance(1);
                            return None;
                        }
                    }
                }
                rest => return rest.first().copied(),
            }
        }
    }

    /// The cursor `count` bytes further on the same line.
    #[inline]
    pub fn advance(self, count: usize) -> Self {
        Self { at: self.at + count as u64, ..self }
    }

    /// The same, if `byte` comes next.
    #[inline]
    pub fn eat(mut self, byte: u8) -> Option<Self> {
        (self.peek() == Some(byte)).then(|| self.advance(1))
    }

    /// The length of the rest of the line, without its newline.
    #[inline]
    pub fn line_length(self) -> usize {
        find::byte(b'\n', self.rest()).unwrap_or(self.rest().len())
    }

    /// The newline that comes next, or the end of the input.
    pub(super) fn line_end(self) -> Self {
        let mut at = self.advance(self.line_length());
        while at.rest().is_empty()
            && let next = at.behind_value()
            && !next.is_at(at)
        {
            at = next.advance(next.line_length());
        }
        at
    }

    /// The text from here to the end of the line, and that place.
    pub(super) fn whole_line(self) -> (Cow<'a, [u8]>, Self) {
        let (end, mut at) = (self.line_end(), self);
        if std::ptr::eq(self.line, end.line) {
            return (Cow::Borrowed(self.up_to(end)), end);
        }
        let mut text = Vec::new();
        while !std::ptr::eq(at.line, end.line) {
            text.extend_from_slice(at.rest());
            at = at.advance(at.rest().len()).behind_value();
        }
        text.extend_from_slice(at.up_to(end));
        (text.into(), end)
    }

    /// The place behind the newline (or the end of the text) that comes next, on the next line; `None` at the end of the input.
    pub fn next_line(self) -> Option<Self> {
        self.next_line_inside(b"")
    }

    /// The same inside of something that goes on, be it no construct: a quote, a here-document.
    pub(super) fn next_line_inside(self, innermost: &[u8]) -> Option<Self> {
        let rest = self.rest();
        let newline = usize::from(rest.first() == Some(&b'\n'));
        if rest.len() > newline {
            // The lines of an alias's value have the number of the line where the alias stands.
            let crossed = newline == 1 && !matches!(self.line.after, After::Splice(_));
            return Some(Self { at: self.at + newline as u64 + u64::from(crossed) * LINE, ..self });
        }
        match &self.line.after {
            After::End => None,
            After::Source(next) => {
                let line = (*next.get_or_init(|| self.context().continuation(innermost)))?;
                Some(Self::start(line))
            }
            After::Splice(splice) => Some(splice.behind),
        }
    }

    /// What was not parsed of the text in which the command began, behind the newline that comes next, and its number.
    pub(super) fn behind_command(self) -> (&'a [u8], u32) {
        let crossed = self.rest().first() == Some(&b'\n');
        (&self.rest()[usize::from(crossed)..], self.number() + u32::from(crossed))
    }

    /// Say what stands from here to `end`, if somebody listens.
    #[inline]
    pub(super) fn mark(self, end: Self, kind: Kind) {
        if let Some(listener) = self.context().marks {
            listener.note(self, end, kind);
        }
    }

    /// Where this is, for messages.
    pub fn place(self) -> Place<'a> {
        Place { line: self.line, column: self.offset(), number: self.number() }
    }

    /// A failure here.
    #[cold]
    pub fn fail<T>(self, situation: Situation<'a>) -> Parsed<'a, T> {
        let place = self.behind_value();
        let failure = Failure { place: place.place(), situation, at_end: place.rest().is_empty() };
        Err(nom::Err::Failure(Box::new(failure)))
    }

    /// One level deeper, into what `opened` began; an error if that is too deep. The caller leaves with [`Cursor::leave`].
    pub fn enter(self, opened: &'static str) -> Result<(), Fail<'a>> {
        let depth = self.context().depth.get();
        if depth >= MAX_DEPTH {
            return self.fail(Situation::NestedTooDeeply).map(|(_, never)| never);
        }
        if let Some(construct) = self.context().pools.open.get(depth as usize) {
            construct.set(Construct { opened, part: "" });
        }
        self.context().depth.set(depth + 1);
        Ok(())
    }

    /// From here on it is the part of the construct that this word begins.
    pub(super) fn part(self, part: &'static str) {
        let innermost = self.context().depth.get().checked_sub(1);
        if let Some(construct) = innermost.and_then(|at| self.context().pools.open.get(at as usize)) {
            construct.set(Construct { part, ..construct.get() });
        }
    }

    /// The end of what [`Cursor::enter`] began.
    pub fn leave(self) {
        self.context().depth.set(self.context().depth.get() - 1);
    }
}
