//! The tree that the parser makes and the executor walks, and nothing else.
//!
//! It owns what it holds and has no lifetimes. It is made to be executed many times: what does not change between
//! executions is computed once, here or at the first execution: names carry their slot in the shell's tables
//! ([`Name`]), words that always become the same single field carry that field ([`Word::plain`]), fixed patterns and arithmetic are
//! parsed. `parse(print(ast)) == ast` holds; places and slots do not take part in comparisons.

use crate::fields::Fields;
use bstr::{BStr, BString};
use std::cell::{Cell, OnceCell};
use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

mod word;

pub use super::compact::{Bytes, Few, Rare};
pub use word::*;

/// A name (XBD 3.216), or a literal command name, with room for its place in the shell's table of variables or commands.
///
/// The slot is an inline cache: it is unknown when the name is parsed and filled in at the first execution. A slot is
/// good for ever: tables of the shell never move or remove one.
#[derive(Clone, PartialEq, Eq)]
pub struct Name {
    text: Bytes,
    slot: Slot,
}

impl Name {
    /// A name whose slot is not yet known.
    pub fn new(text: impl AsRef<[u8]>) -> Self {
        Self { text: Bytes::new(text.as_ref()), slot: Slot::default() }
    }

    /// The name's bytes.
    #[inline]
    pub fn text(&self) -> &BStr {
        BStr::new(&self.text[..])
    }

    /// Its slot.
    #[inline]
    pub fn slot(&self) -> &Slot {
        &self.slot
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text().fmt(f)
    }
}

/// Where a name's place in a table is remembered. All slots are equal, so that trees compare by what they mean.
#[derive(Clone, Debug)]
pub struct Slot(Cell<u32>);

impl Slot {
    const UNKNOWN: u32 = u32::MAX;

    /// The slot; `find` finds it the first time.
    #[inline]
    pub fn get_or_find(&self, find: impl FnOnce() -> u32) -> u32 {
        if self.0.get() == Self::UNKNOWN {
            self.0.set(find());
        }
        self.0.get()
    }

    /// The slot, if it has been found: what has the name was executed before.
    #[inline]
    pub fn known(&self) -> Option<u32> {
        Some(self.0.get()).filter(|&slot| slot != Self::UNKNOWN)
    }
}

impl Default for Slot {
    fn default() -> Self {
        Self(Cell::new(Self::UNKNOWN))
    }
}

impl PartialEq for Slot {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Slot {}

/// A line number, from 1. All lines are equal, so that trees compare by what they mean.
#[derive(Clone, Copy, Debug, Default)]
pub struct LineNumber(pub u32);

impl PartialEq for LineNumber {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for LineNumber {}

/// The file in which a function was defined, as a number that means something to the shell: noted when the definition is executed. A place
/// too, so all are equal.
#[derive(Clone, Debug, Default)]
pub struct DefinedIn(Cell<u32>);

impl DefinedIn {
    /// The number, 0 at first.
    #[inline]
    pub fn get(&self) -> u32 {
        self.0.get()
    }

    /// Note it.
    pub fn set(&self, file: u32) {
        self.0.set(file);
    }
}

impl PartialEq for DefinedIn {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for DefinedIn {}

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
    pub rest: Rare<(AndOrOp, Pipeline)>,
}

impl AndOr {
    /// The simple command, if it is all there is.
    #[inline]
    pub fn alone(&self) -> Option<&SimpleCommand> {
        match &self.first {
            Pipeline { negated: false, timed: None, commands: Few::One(Command::Simple(simple)) }
                if self.rest.is_empty() =>
            {
                Some(simple)
            }
            _ => None,
        }
    }
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
    /// One or more. Empty only for a `time` with nothing (or `!`) behind it.
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
    Compound(Box<CompoundCommand>),
    /// A function definition.
    Function(Box<FunctionDefinition>),
}

/// A simple command (XCU 2.9.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimpleCommand {
    /// `name=value` before the command name.
    pub assignments: Rare<Assignment>,
    /// The command name and its arguments.
    pub words: Words,
    /// In the order in which they were written.
    pub redirects: Rare<Redirect>,
    /// The command name's slot in the table of commands, when the name is literal ([`Word::plain`] of the first word).
    pub slot: Slot,
    /// Where the command begins.
    pub line: LineNumber,
}

impl SimpleCommand {
    /// The command name, when it is literal.
    #[inline]
    pub fn name(&self) -> Option<&BStr> {
        self.words.first().and_then(Word::plain)
    }
}

/// The words of a command, or of `for`. Used as a slice.
#[derive(Clone, Debug, Default)]
pub struct Words {
    list: Box<[Word]>,
    prepared: OnceCell<Prepared>,
}

/// What is known of words before they are expanded.
#[derive(Clone, Debug)]
pub enum Prepared {
    /// Nothing.
    Varies,
    /// They always become these fields: all are plain.
    Fixed(Rc<Fields>),
    /// They are `[ a -lt b ]` or `test a -lt b` with this operator: the operands are words 1 and 3.
    Comparison(TestOp),
    /// They are `[ -n a ]` or `[ -z a ]`, with whether it is `-n`: the operand is word 2.
    IsText(bool),
}

/// The operators of `test` that compare two operands and ask nothing of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TestOp {
    Same,
    Different,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl TestOp {
    /// The operator as it is written.
    pub fn of(text: &[u8]) -> Option<Self> {
        Some(match text {
            b"=" | b"==" => Self::Same,
            b"!=" => Self::Different,
            b"-eq" => Self::Equal,
            b"-ne" => Self::NotEqual,
            b"-lt" => Self::Less,
            b"-le" => Self::LessEqual,
            b"-gt" => Self::Greater,
            b"-ge" => Self::GreaterEqual,
            _ => return None,
        })
    }
}

impl Words {
    /// What is known of them. It is found out when what has the words (and this slot) is executed for the second time: most commands of a
    /// script are executed once.
    #[inline]
    pub fn prepared(&self, slot: &Slot) -> &Prepared {
        if slot.known().is_some() { self.prepared.get_or_init(|| self.prepare()) } else { &Prepared::Varies }
    }

    #[cold]
    fn prepare(&self) -> Prepared {
        let plain = |index: usize| self.list.get(index).and_then(Word::plain).map_or(&b""[..], |text| text);
        if let Some(fields) = self.list.iter().map(Word::plain).collect::<Option<Fields>>() {
            return Prepared::Fixed(Rc::new(fields));
        }
        match (plain(0), self.list.len()) {
            (b"[", 5) if plain(4) == b"]" => TestOp::of(plain(2)).map_or(Prepared::Varies, Prepared::Comparison),
            (b"test", 4) => TestOp::of(plain(2)).map_or(Prepared::Varies, Prepared::Comparison),
            (b"[", 4) if plain(3) == b"]" && matches!(plain(1), b"-n" | b"-z") => Prepared::IsText(plain(1) == b"-n"),
            (b"test", 3) if matches!(plain(1), b"-n" | b"-z") => Prepared::IsText(plain(1) == b"-n"),
            _ => Prepared::Varies,
        }
    }
}

impl From<Box<[Word]>> for Words {
    fn from(list: Box<[Word]>) -> Self {
        Self { list, prepared: OnceCell::new() }
    }
}

impl Deref for Words {
    type Target = [Word];

    #[inline]
    fn deref(&self) -> &[Word] {
        &self.list
    }
}

impl PartialEq for Words {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for Words {}

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
    pub redirects: Rare<Redirect>,
    /// Where the command begins.
    pub line: LineNumber,
    /// Of a function's body.
    pub file: DefinedIn,
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
        words: Option<Words>,
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
pub type FdNum = i32;

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
    /// Where the operator stands.
    pub line: LineNumber,
}
