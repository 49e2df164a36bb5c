//! What the words' parser works with: how far a text is ordinary, and the parts that become of it.

use crate::syntax::ast::{Bytes, Few, WordPart};
use crate::syntax::cursor::Pools;
use crate::syntax::word::Mode;

/// Collects parts and merges adjacent ones of the same literal kind.
pub struct Parts<'a> {
    list: Vec<WordPart>,
    /// Literal text that is not yet a part.
    text: Vec<u8>,
    kind: Kind,
    pools: &'a Pools,
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
    pub fn new(pools: &'a Pools) -> Self {
        Self { list: pools.parts.take(), text: pools.text.take(), kind: Kind::None, pools }
    }

    #[inline]
    fn add(&mut self, kind: Kind, text: &[u8]) {
        if self.kind != kind {
            self.flush();
            self.kind = kind;
        }
        self.text.extend_from_slice(text);
    }

    /// Text that is not quoted.
    pub fn literal(&mut self, text: &[u8]) {
        self.add(Kind::Literal, text);
    }

    /// Text that is quoted, perhaps nothing.
    pub fn quoted(&mut self, text: &[u8]) {
        self.add(Kind::Quoted, text);
    }

    /// Make a part of the text.
    fn flush(&mut self) {
        match self.kind {
            Kind::None => return,
            Kind::Literal => self.list.push(WordPart::Literal(Bytes::new(&self.text))),
            Kind::Quoted => self.list.push(WordPart::Quoted(Bytes::new(&self.text))),
        }
        self.text.clear();
        self.kind = Kind::None;
    }

    /// An expansion or a quoted part.
    pub fn push(&mut self, part: WordPart) {
        self.flush();
        self.list.push(part);
    }

    /// The list.
    pub fn finish(mut self) -> Few<WordPart> {
        self.flush();
        self.pools.text.give(self.text);
        self.pools.parts.few(self.list)
    }
}

/// Whether a word ends before this byte: a blank, a newline, or the first byte of an operator.
#[inline]
pub fn ends_word(byte: u8) -> bool {
    CLASS[usize::from(byte)] & END != 0
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

/// What a byte can mean.
static CLASS: [u16; 256] = {
    let mut table = [0; 256];
    let classes: [(u16, &[u8]); 9] = [
        (END, b" \t\n;&|<>()"),
        (QUOTE, b"'\"\\$`"),
        (DOUBLE, b"\"\\$`"),
        (DOLLAR, b"\\$`"),
        (BRACE, b"}"),
        (PAREN, b"()"),
        (NEWLINE, b"\n"),
        (COLON, b":"),
        (GLOB, b"*?["),
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
