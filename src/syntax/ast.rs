//! The tree that the parser makes and the executor walks, and nothing else.
//!
//! It owns what it holds and has no lifetimes. It is made to be executed many times: what does not change between
//! executions is computed once, here or at the first execution: names carry their slot in the shell's tables
//! ([`Name`]), words that always become the same single field carry that field ([`Word::plain`]), fixed patterns and arithmetic are
//! parsed. `parse(print(ast)) == ast` holds; places and slots do not take part in comparisons.

use bstr::{BStr, BString};
use std::cell::{Cell, OnceCell};
use std::fmt;
use std::rc::Rc;

pub use super::compact::{Bytes, Few};

/// A name (XBD 3.216), or a literal command name, with room for its place in the shell's table of variables or commands.
///
/// The slot is an inline cache: it is unknown when the name is parsed and filled in at the first execution. A slot is
/// good for ever: tables of the shell never move or remove one.
pub struct Name {
    text: Bytes,
    slot: Cell<u32>,
}

impl Name {
    const UNKNOWN: u32 = u32::MAX;

    /// A name whose slot is not yet known.
    pub fn new(text: impl AsRef<[u8]>) -> Self {
        Self { text: Bytes::new(text.as_ref()), slot: Cell::new(Self::UNKNOWN) }
    }

    /// The name's bytes.
    #[inline]
    pub fn text(&self) -> &BStr {
        BStr::new(&self.text[..])
    }

    /// The slot, if one was remembered.
    #[inline]
    pub fn slot(&self) -> Option<u32> {
        let slot = self.slot.get();
        (slot != Self::UNKNOWN).then_some(slot)
    }

    /// Remember the slot.
    #[inline]
    pub fn set_slot(&self, slot: u32) {
        self.slot.set(slot);
    }
}

impl Clone for Name {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), slot: self.slot.clone() }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Name {}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

/// A line number, from 1. All lines are equal, so that trees compare by what they mean.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineNumber(pub u32);

impl PartialEq for LineNumber {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for LineNumber {}

/// A list of and-or lists (XCU 2.9.3): a complete command, or the body of a compound command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// In order of execution.
    pub items: Few<ListItem>,
}

/// An and-or list and what ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListItem {
    /// The and-or list; shared, because a background job keeps it for its text.
    pub and_or: Rc<AndOr>,
    /// Whether `&` ends it: it is executed asynchronously.
    pub background: bool,
}

/// Pipelines joined by `&&` and `||`, which have equal precedence and associate to the left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AndOr {
    /// The pipeline that is always executed.
    pub first: Pipeline,
    /// The others, each with the operator before it.
    pub rest: Box<[(AndOrOp, Pipeline)]>,
}

/// `&&` or `||`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AndOrOp {
    /// `&&`: go on after success.
    And,
    /// `||`: go on after failure.
    Or,
}

/// Commands joined by `|` (XCU 2.9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// `!` stands before it: the status is inverted.
    pub negated: bool,
    /// `time` stands before it; with `-p` the report has the format of POSIX.
    pub timed: Option<TimeFormat>,
    /// One or more. Empty only for a `time` or `!` with nothing behind it.
    pub commands: Few<Command>,
}

/// How `time` reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    /// As bash does.
    Default,
    /// `time -p`: as POSIX describes for the utility.
    Posix,
}

/// One command (XCU 2.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Assignments, redirections, and words.
    Simple(SimpleCommand),
    /// A compound command and the redirections behind it.
    Compound(CompoundCommand),
    /// A function definition.
    Function(FunctionDefinition),
}

/// A simple command (XCU 2.9.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimpleCommand {
    /// `name=value` before the command name.
    pub assignments: Box<[Assignment]>,
    /// The command name and its arguments.
    pub words: Box<[Word]>,
    /// In the order in which they were written.
    pub redirects: Box<[Redirect]>,
    /// The command name when it is literal ([`Word::plain`] of the first word), with a slot in the table of commands.
    pub name: Option<Name>,
    /// Where the command begins.
    pub line: LineNumber,
}

/// `name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: Name,
    /// The value: expanded without field splitting and pathname expansion.
    pub value: Word,
}

/// A compound command with its redirections (XCU 2.9.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompoundCommand {
    /// Which one.
    pub kind: Compound,
    /// In the order in which they were written.
    pub redirects: Box<[Redirect]>,
    /// Where the command begins.
    pub line: LineNumber,
}

/// The compound commands of the standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compound {
    /// `{ list; }`
    Group(List),
    /// `( list )`
    Subshell(Rc<List>),
    /// `for name [in words]; do body; done`
    For {
        /// The loop variable.
        name: Name,
        /// The words; none if there is no `in`: the positional parameters.
        words: Option<Box<[Word]>>,
        /// Executed for each field.
        body: List,
    },
    /// `case word in items esac`
    Case {
        /// What is compared.
        word: Word,
        /// In order.
        items: Box<[CaseItem]>,
    },
    /// `if condition; then body; elif ...; else ...; fi`
    If {
        /// `if` and each `elif`: condition and body.
        branches: Box<[(List, List)]>,
        /// `else`.
        otherwise: Option<List>,
    },
    /// `while condition; do body; done`, or `until`.
    While {
        /// Whether it is `until`.
        until: bool,
        /// Executed before each turn.
        condition: List,
        /// Executed in each turn.
        body: List,
    },
}

/// `(pattern | pattern) body ;;`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseItem {
    /// One or more.
    pub patterns: Few<PatternWord>,
    /// May be empty.
    pub body: List,
    /// How the item ends.
    pub terminator: CaseTerminator,
}

/// What happens behind the body of a case item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseTerminator {
    /// `;;`, or nothing before `esac`: the case is done.
    Break,
    /// `;&`: the next item's body is executed too.
    FallThrough,
}

/// `name() compound-command [redirections]` (XCU 2.9.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionDefinition {
    /// The function's name, with a slot in the table of commands.
    pub name: Name,
    /// The body, shared with the table of functions.
    pub body: Rc<CompoundCommand>,
    /// Where the definition begins.
    pub line: LineNumber,
}

/// A redirection (XCU 2.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The descriptor before the operator, if one was written.
    pub fd: Option<FdNum>,
    /// The operator and its operand.
    pub op: RedirectOp,
    /// Where it stands.
    pub line: LineNumber,
}

/// A descriptor number as the user writes it.
pub type FdNum = u32;

/// What a redirection does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedirectOp {
    /// `< word`
    Input(Word),
    /// `> word`: create or truncate; with `set -C` only create.
    Output(Word),
    /// `>| word`: create or truncate.
    Clobber(Word),
    /// `>> word`
    Append(Word),
    /// `<> word`
    ReadWrite(Word),
    /// `<& word`: a digit or `-`.
    DupInput(Word),
    /// `>& word`: a digit or `-`.
    DupOutput(Word),
    /// `<<` and `<<-`: the body was read at the next newline.
    HereDoc(Rc<HereDoc>),
}

/// A here-document (XCU 2.7.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HereDoc {
    /// The delimiter after quote removal.
    pub delimiter: BString,
    /// `<<-`: leading tabs are removed from body and delimiter (this was done when it was read).
    pub strip_tabs: bool,
    /// Some part of the delimiter was quoted: the body is literal.
    pub quoted: bool,
    /// The body; its parts are as in double quotes. Filled when the line with the operator ends.
    pub body: OnceCell<Word>,
}

/// A word (XCU 2.3): parts to be expanded and joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// In order. Adjacent parts of the same literal kind are merged by the parser.
    pub parts: Few<WordPart>,
    /// What [`Word::plain`] is made of.
    plain: Plain,
    /// The word is an argument of a declaration utility (`export a=~/x`): it is expanded as an assignment is,
    /// to exactly one field.
    pub is_assignment: bool,
}

/// Where a word's one text is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Plain {
    /// There is none.
    #[default]
    Expanded,
    /// In the only part, or nothing.
    Part,
    /// Joined of several parts.
    Joined(Box<Bytes>),
}

impl Word {
    /// A word of these parts.
    pub fn new(parts: Few<WordPart>) -> Self {
        let plain = match &parts[..] {
            [] => Plain::Expanded,
            [WordPart::Literal(text)] if is_pattern(text) => Plain::Expanded,
            [WordPart::Literal(_)] => Plain::Part,
            [part] => part.fixed().map_or(Plain::Expanded, |_| Plain::Part),
            parts => match parts.iter().map(WordPart::fixed).collect::<Option<Vec<_>>>() {
                Some(texts) => Plain::Joined(Box::new(Bytes::from(texts.concat()))),
                None => Plain::Expanded,
            },
        };
        Self { parts, plain, is_assignment: false }
    }

    /// A word of one part that is literal, and no pattern.
    #[inline]
    pub fn literal(text: &[u8]) -> Self {
        Self { parts: Few::One(WordPart::Literal(Bytes::new(text))), plain: Plain::Part, is_assignment: false }
    }

    /// No characters at all, as the value in `name=`.
    pub fn empty() -> Self {
        Self { plain: Plain::Part, ..Self::default() }
    }

    /// A text that is not expanded, whatever its characters: the body of a here-document with a quoted delimiter.
    pub fn verbatim(text: &[u8]) -> Self {
        if text.is_empty() { Self::empty() } else { Self::literal(text) }
    }

    /// The one field that the word always becomes, when no part is expanded and none is a
    /// pattern.
    #[inline]
    pub fn plain(&self) -> Option<&BStr> {
        match (&self.plain, &self.parts) {
            (Plain::Expanded, _) => None,
            (Plain::Part, Few::One(WordPart::Literal(text) | WordPart::Quoted(text))) => Some(BStr::new(&text[..])),
            (Plain::Part, Few::One(WordPart::DoubleQuoted(inner))) => match &inner[..] {
                [WordPart::Literal(text)] => Some(BStr::new(&text[..])),
                _ => Some(BStr::new("")),
            },
            (Plain::Joined(text), _) => Some(BStr::new(&text[..])),
            (Plain::Part, _) => Some(BStr::new("")),
        }
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
pub(super) fn is_pattern(text: &[u8]) -> bool {
    match memchr::memchr3(b'*', b'?', b'[', text) {
        None => false,
        Some(at) if text[at] == b'[' => text[at..].iter().any(|byte| b"]*?".contains(byte)),
        Some(_) => true,
    }
}

impl WordPart {
    /// The text of a part that is not expanded and no pattern.
    fn fixed(&self) -> Option<&[u8]> {
        match self {
            Self::Literal(text) if memchr::memchr3(b'*', b'?', b'[', text).is_none() => Some(text),
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
    Bad(Bytes),
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
    Bracket(Bracket),
}

/// A bracket expression (XBD 9.3.5), with `!` or `^` for a complement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bracket {
    /// The character must not be among the items.
    pub negated: bool,
    /// At least one.
    pub items: Box<[BracketItem]>,
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
    /// `a op b`
    Binary(BinaryOp, Box<Expression>, Box<Expression>),
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
