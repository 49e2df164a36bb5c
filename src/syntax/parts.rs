//! What the words' parser works with: how far a text is ordinary, and the parts that become of it.

use crate::syntax::ast::{Bytes, Few, WordPart};
use crate::syntax::cursor::Cursor;
use crate::syntax::word::Mode;

/// Collects parts and merges adjacent ones of the same literal kind.
pub struct Parts<'a> {
    list: Vec<WordPart>,
    kind: Kind,
    /// Literal text that is not yet a part: it is copied only once, unless it is made of several pieces of the source.
    start: Cursor<'a>,
    end: Cursor<'a>,
    /// The pieces before that one.
    text: Vec<u8>,
}

/// What kind of part a text will be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// There is none.
    None,
    Literal,
    Quoted,
}

impl<'a> Parts<'a> {
    /// No parts yet.
    pub fn new(at: Cursor<'a>) -> Self {
        let list = at.context().pools.parts.take();
        Self { list, kind: Kind::None, start: at, end: at, text: Vec::new() }
    }

    #[inline]
    fn add(&mut self, kind: Kind, at: Cursor<'a>, length: usize) {
        if self.kind != kind {
            if self.kind != Kind::None {
                self.flush();
            }
            self.kind = kind;
            self.start = at;
        } else if !self.end.is_at(at) {
            self.text.extend_from_slice(self.start.up_to(self.end));
            self.start = at;
        }
        self.end = at.advance(length);
    }

    /// Text of the source that is not quoted: `length` bytes from `at` on.
    #[inline]
    pub fn literal(&mut self, at: Cursor<'a>, length: usize) {
        self.add(Kind::Literal, at, length);
    }

    /// Text of the source that is quoted, perhaps nothing.
    #[inline]
    pub fn quoted(&mut self, at: Cursor<'a>, length: usize) {
        self.add(Kind::Quoted, at, length);
    }

    /// Text that is quoted and not as it stands in the source, where `at` is.
    pub fn decoded(&mut self, text: &[u8], at: Cursor<'a>) {
        self.add(Kind::Quoted, at, 0);
        self.text.extend_from_slice(text);
    }

    /// Make a part of the text.
    fn flush(&mut self) {
        let last = self.start.up_to(self.end);
        let text = if self.text.is_empty() {
            Bytes::new(last)
        } else {
            self.text.extend_from_slice(last);
            Bytes::new(&std::mem::take(&mut self.text))
        };
        match std::mem::replace(&mut self.kind, Kind::None) {
            Kind::None => {}
            Kind::Literal => self.list.push(WordPart::Literal(text)),
            Kind::Quoted => self.list.push(WordPart::Quoted(text)),
        }
    }

    /// Whether there are none yet.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty() && self.kind == Kind::None
    }

    /// An expansion or a quoted part.
    pub fn push(&mut self, part: WordPart) {
        if self.kind != Kind::None {
            self.flush();
        }
        self.list.push(part);
    }

    /// The list.
    pub fn finish(mut self) -> Few<WordPart> {
        if self.kind != Kind::None {
            self.flush();
        }
        self.start.context().pools.parts.few(self.list)
    }
}

/// Whether a word ends before this byte: a blank, a newline, or the first byte of an operator.
#[inline]
pub fn ends_word(byte: u8) -> bool {
    CLASS[usize::from(byte)] & END != 0
}

/// Whether a byte can stand in a name (XBD 3.216).
#[inline]
pub fn is_in_name(byte: u8) -> bool {
    CLASS[usize::from(byte)] & NAME != 0
}

/// The length of the bytes that the mode does not look at.
#[inline]
pub fn run(text: &[u8], mode: Mode) -> usize {
    let stops = match mode {
        Mode::Bare => END | QUOTE,
        Mode::Value => END | QUOTE | COLON,
        Mode::ValueBrace => BRACE | QUOTE | NEWLINE | COLON,
        Mode::Brace | Mode::QuotedBrace => BRACE | QUOTE | NEWLINE,
        Mode::Double => DOUBLE | NEWLINE,
        Mode::HereDoc => DOLLAR | NEWLINE,
        Mode::Arithmetic => DOLLAR | PAREN | NEWLINE,
    };
    text.iter().position(|&byte| CLASS[usize::from(byte)] & stops != 0).unwrap_or(text.len())
}

/// The length of the bytes at the start of the text that are ordinary in a word outside of quotes, and whether there are some
/// among them that make patterns.
#[inline]
pub fn ordinary(text: &[u8]) -> (usize, bool) {
    let mut seen = 0;
    for (index, &byte) in text.iter().enumerate() {
        let class = CLASS[usize::from(byte)];
        if class & (END | QUOTE) != 0 {
            return (index, seen & GLOB != 0);
        }
        seen |= class;
    }
    (text.len(), seen & GLOB != 0)
}

const END: u16 = 1;
const QUOTE: u16 = 2;
const DOUBLE: u16 = 4;
const DOLLAR: u16 = 8;
const BRACE: u16 = 16;
const PAREN: u16 = 32;
const NEWLINE: u16 = 64;
const COLON: u16 = 128;
const GLOB: u16 = 256;
const NAME: u16 = 512;

/// What a byte can mean.
static CLASS: [u16; 256] = {
    let mut table = [0; 256];
    let classes: [(u16, &[u8]); 10] = [
        (END, b" \t\n;&|<>()"),
        (QUOTE, b"'\"\\$`"),
        (DOUBLE, b"\"\\$`"),
        (DOLLAR, b"\\$`"),
        (BRACE, b"}"),
        (PAREN, b"()"),
        (NEWLINE, b"\n"),
        (COLON, b":"),
        (GLOB, b"*?["),
        (NAME, b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"),
    ];
    let mut class = 0;
    while class < classes.len() {
        let (bit, bytes) = classes[class];
        let mut index = 0;
        while index < bytes.len() {
            table[bytes[index] as usize] |= bit;
            index += 1;
        }
        class += 1;
    }
    table
};
