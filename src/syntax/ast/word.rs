//! The part of the tree below the words: expansions, patterns, arithmetic.

use super::{Bytes, Few, LineNumber, List, Name};
use crate::find;
use bstr::BStr;
use std::rc::Rc;

/// A word (XCU 2.3): parts to be expanded and joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// In order. Adjacent parts of the same literal kind are merged by the parser.
    pub parts: Few<WordPart>,
    /// What few words have.
    unusual: Option<Box<Unusual>>,
}

/// What its parts alone do not say of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Unusual {
    /// What [`Word::plain`] is: joined of several parts, or nothing although there is one literal part, because it is a pattern.
    plain: Option<Bytes>,
    is_assignment: bool,
}

impl Word {
    /// A word of these parts.
    pub fn new(parts: Few<WordPart>) -> Self {
        let plain = match &parts[..] {
            [WordPart::Literal(text)] if is_pattern(text) => None,
            [_, _, ..] if parts.iter().all(|part| part.fixed().is_some()) => {
                Some(Bytes::new(&parts.iter().filter_map(WordPart::fixed).collect::<Vec<_>>().concat()))
            }
            _ => return Self { parts, unusual: None },
        };
        Self { parts, unusual: Some(Box::new(Unusual { plain, is_assignment: false })) }
    }

    /// A word of one part that is literal, and no pattern.
    #[inline]
    pub fn literal(text: &[u8]) -> Self {
        Self { parts: Few::One(WordPart::Literal(Bytes::new(text))), unusual: None }
    }

    /// An argument of a declaration utility (`export a=~/x`).
    pub fn assignment(parts: Few<WordPart>) -> Self {
        let word = Self::new(parts);
        let plain = word.plain().map(Bytes::from);
        Self { unusual: Some(Box::new(Unusual { plain, is_assignment: true })), ..word }
    }

    /// A text that is not expanded, whatever its characters: the body of a here-document with a quoted delimiter.
    pub fn verbatim(text: &[u8]) -> Self {
        if text.is_empty() { Self::default() } else { Self::literal(text) }
    }

    /// Whether it is expanded as an assignment is, to exactly one field.
    #[inline]
    pub fn is_assignment(&self) -> bool {
        self.unusual.as_ref().is_some_and(|unusual| unusual.is_assignment)
    }

    /// The one field that the word always becomes, when no part is expanded and none is a
    /// pattern.
    #[inline]
    pub fn plain(&self) -> Option<&BStr> {
        let text = match (&self.unusual, &self.parts) {
            (Some(unusual), _) => unusual.plain.as_ref()?,
            (None, Few::One(WordPart::Literal(text) | WordPart::Quoted(text))) => text,
            (None, Few::One(WordPart::DoubleQuoted(inner))) => match &inner[..] {
                [] => return Some(BStr::new("")),
                [WordPart::Literal(text)] => text,
                _ => return None,
            },
            (None, parts) => return parts.is_empty().then_some(BStr::new("")),
        };
        Some(BStr::new(&text[..]))
    }
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WordPart {
    /// Characters that are not quoted; inside double quotes and here-documents characters as they are.
    Literal(Bytes),
    /// `'...'`, `$'...'`, `\c`: characters without any special meaning, quotes removed, escapes decoded.
    Quoted(Bytes),
    /// `"..."`: among its parts there are no `Quoted`, `DoubleQuoted` and `Tilde` ones, except inside `${...}`.
    DoubleQuoted(Box<[WordPart]>),
    /// `~` or `~user` where tilde expansion applies.
    Tilde(Bytes),
    /// `$name`, `${...}`.
    Parameter(Box<ParameterExpansion>),
    /// `$(...)` and backquotes.
    Command(Rc<CommandSubstitution>),
    /// `$((...))`.
    Arithmetic(Box<Arithmetic>),
}

/// Whether an unquoted text is a pattern. The command `[` is none.
pub(crate) fn is_pattern(text: &[u8]) -> bool {
    match find::any([b'*', b'?', b'['], text) {
        None => false,
        Some(at) if text[at] == b'[' => text[at..].iter().any(|byte| b"]*?".contains(byte)),
        Some(_) => true,
    }
}

impl WordPart {
    /// The text of a part that is not expanded and no pattern.
    fn fixed(&self) -> Option<&[u8]> {
        match self {
            Self::Literal(text) if find::any([b'*', b'?', b'['], text).is_none() => Some(text),
            Self::Quoted(text) => Some(text),
            Self::DoubleQuoted(inner) => match &inner[..] {
                [] => Some(b""),
                [Self::Literal(text)] => Some(text),
                _ => None,
            },
            _ => None,
        }
    }
}

/// `$(list)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandSubstitution {
    /// What is executed.
    pub body: List,
    /// Where it begins.
    pub line: LineNumber,
}

/// `${parameter op word}` (XCU 2.6.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterExpansion {
    /// What is expanded.
    pub parameter: Parameter,
    /// What is done to it.
    pub op: ParameterOp,
    /// Where it stands.
    pub line: LineNumber,
}

/// A parameter (XCU 2.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `$name`
    Variable(Name),
    /// `$1`, `${10}`; from 1.
    Positional(usize),
    /// `$@ $* $# $? $- $$ $! $0`
    Special(Special),
}

/// A special parameter (XCU 2.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// `$@`
    At,
    /// `$*`
    Star,
    /// `$#`
    Count,
    /// `$?`
    Status,
    /// `$-`
    Options,
    /// `$$`
    Pid,
    /// `$!`
    LastBackground,
    /// `$0`
    Zero,
}

impl Special {
    const SYMBOLS: [(u8, Self); 8] = [
        (b'@', Self::At),
        (b'*', Self::Star),
        (b'#', Self::Count),
        (b'?', Self::Status),
        (b'-', Self::Options),
        (b'$', Self::Pid),
        (b'!', Self::LastBackground),
        (b'0', Self::Zero),
    ];

    /// The parameter with this character.
    pub fn of(symbol: u8) -> Option<Self> {
        Self::SYMBOLS.iter().find(|&&(known, _)| known == symbol).map(|&(_, special)| special)
    }

    /// The character.
    pub fn symbol(self) -> u8 {
        Self::SYMBOLS[self as usize].0
    }
}

/// What is done to a parameter's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterOp {
    /// `$name`, `${name}`
    Value,
    /// `${#name}`: its length in characters.
    Length,
    /// `${name-word}`, `${name:-word}`, and with `=`, `?`, `+`.
    Switch {
        /// `-`, `=`, `?` or `+`.
        kind: SwitchKind,
        /// `:` stands before it: an empty value is like none.
        colon: bool,
        /// Its parts are as in double quotes if the expansion stands in double quotes.
        word: Box<Word>,
    },
    /// `${name#pattern}`, `##`, `%`, `%%`
    Trim {
        /// Where to remove.
        side: TrimSide,
        /// The longest match instead of the shortest.
        longest: bool,
        /// What to remove.
        pattern: Box<PatternWord>,
    },
    /// Not a form of the standard, as it was written between the braces: an error when it is expanded.
    Bad(Box<Bytes>),
}

/// What happens when a parameter is unset (or, with a colon, empty).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchKind {
    /// `-`: use the word.
    Default,
    /// `=`: assign the word.
    Assign,
    /// `?`: an error with the word.
    Error,
    /// `+`: use the word when the parameter is set.
    Alternative,
}

/// Which end of a value is trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrimSide {
    /// `#`
    Prefix,
    /// `%`
    Suffix,
}

/// A word that is a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternWord {
    /// As written.
    pub word: Word,
    /// The pattern, when nothing in the word is expanded (derived from `word` by the parser).
    pub fixed: Option<Pattern>,
}

/// A pattern (XCU 2.14), ready to be matched by `expand::pattern`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// In order. Adjacent literals are merged, adjacent `*` are one.
    pub atoms: Few<Atom>,
}

/// An element of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Atom {
    /// These bytes.
    Literal(Bytes),
    /// `?`: any character.
    AnyChar,
    /// `*`: any string.
    AnyString,
    /// `[...]`
    Bracket(Box<Bracket>),
}

/// A bracket expression (XBD 9.3.5), with `!` or `^` for a complement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bracket {
    /// The character must not be among the items.
    pub negated: bool,
    /// At least one.
    pub items: Box<[BracketItem]>,
    /// The ASCII characters among the items, one bit each (derived from them by the parser); none if a range leaves ASCII, which then
    /// depends on the locale.
    pub ascii: Option<[u64; 2]>,
}

impl Bracket {
    /// With its `ascii`.
    pub fn new(negated: bool, items: Box<[BracketItem]>) -> Self {
        let ascii = items.iter().try_fold(0u128, |set, item| Some(set | item.ascii()?));
        Self { negated, items, ascii: ascii.map(|set| [set as u64, (set >> 64) as u64]) }
    }
}

/// A member of a bracket expression. Characters are Unicode scalar values; a byte that is not part of
/// a UTF-8 character stands for itself as 0xDC00 + byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BracketItem {
    /// One character.
    Char(u32),
    /// `a-z`, both included.
    Range(u32, u32),
    /// `[:alpha:]`
    Class(CharClass),
    /// `[=a=]`
    Equivalence(u32),
}

impl BracketItem {
    /// Its ASCII characters, one bit each; `None`: that depends on the locale.
    fn ascii(&self) -> Option<u128> {
        let up_to = |last: u32| u128::MAX >> (127 - last);
        Some(match *self {
            Self::Range(_, 0x80..) => return None,
            Self::Range(low, high) if low > high => 0,
            Self::Range(low, high) => up_to(high) & !(up_to(low) >> 1),
            Self::Char(0x80..) | Self::Equivalence(0x80..) => 0,
            Self::Char(character) | Self::Equivalence(character) => 1 << character,
            Self::Class(class) => (0..0x80).filter(|&byte| class.has_ascii(byte)).fold(0, |set, byte| set | 1 << byte),
        })
    }
}

/// The character classes of POSIX.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum CharClass {
    Alnum,
    Alpha,
    Blank,
    Cntrl,
    Digit,
    Graph,
    Lower,
    Print,
    Punct,
    Space,
    Upper,
    Xdigit,
    /// No class of that name: matches nothing.
    Unknown,
}

impl CharClass {
    /// Whether an ASCII character is in the class (XBD 7.3.1).
    pub fn has_ascii(self, byte: u8) -> bool {
        match self {
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Alpha => byte.is_ascii_alphabetic(),
            Self::Blank => matches!(byte, b' ' | b'\t'),
            Self::Cntrl => byte.is_ascii_control(),
            Self::Digit => byte.is_ascii_digit(),
            Self::Graph => byte.is_ascii_graphic(),
            Self::Lower => byte.is_ascii_lowercase(),
            Self::Print => matches!(byte, b' '..=b'~'),
            Self::Punct => byte.is_ascii_punctuation(),
            Self::Space => matches!(byte, b' ' | b'\t'..=b'\r'),
            Self::Upper => byte.is_ascii_uppercase(),
            Self::Xdigit => byte.is_ascii_hexdigit(),
            Self::Unknown => false,
        }
    }
}

/// `$((...))`: its text, and the expression if the text is one before expansion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arithmetic {
    /// The text, with parts as in double quotes.
    pub text: Word,
    /// The expression, if every `$` part of the text stands where an operand can stand. Operand `i` is the `i`th part of
    /// `text` that is not literal. If one of them does not expand to an integer constant, the text as
    /// expanded is parsed instead.
    pub expression: Option<Expression>,
}

/// An arithmetic expression (XCU 2.6.4; ISO C 6.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// An integer constant.
    Number(i64),
    /// The value of a variable; 0 if it is unset or empty.
    Variable(Name),
    /// The `i`th expansion in the text.
    Operand(usize),
    /// `-a`, `+a`, `~a`, `!a`
    Unary(UnaryOp, Box<Expression>),
    /// `a op b op c`: operators of one precedence, from left to right. However long it is, the tree is not deeper for it.
    Chain(Box<Expression>, Vec<(BinaryOp, Expression)>),
    /// `name = b`, `name op= b`
    Assign(Option<BinaryOp>, Name, Box<Expression>),
    /// `++name`, `--name`, `name++`, `name--`
    Step {
        /// The variable.
        name: Name,
        /// +1 or -1.
        by: i64,
        /// The value is the one after the change.
        prefix: bool,
    },
    /// `a ? b : c`
    Conditional(Box<Expression>, Box<Expression>, Box<Expression>),
}

/// The operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum UnaryOp {
    Minus,
    Plus,
    BitNot,
    Not,
}

/// The operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum BinaryOp {
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
    ShiftLeft,
    ShiftRight,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    BitAnd,
    BitXor,
    BitOr,
    And,
    Or,
    Comma,
}
