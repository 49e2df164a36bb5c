//! What the parser recognised where: for the colours of a line that is being edited.
//!
//! The parser's functions say it themselves, at the places that know ([`Cursor::mark`]); when nobody listens that costs a
//! comparison. So what is shown is what would be executed, and not what a second, simpler grammar takes it for.

use crate::syntax::cursor::{Context, Cursor, Pools};
use crate::syntax::error::Situation;
use crate::syntax::{NoAliases, list};
use std::cell::{Cell, RefCell};
use typed_arena::Arena;

/// What something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The name of a simple command.
    Command,
    /// Another word of one.
    Word,
    /// `name=value`
    Assignment,
    /// A redirection, with its operand.
    Redirect,
    /// A reserved word.
    Keyword,
    /// A text in quotes.
    Quoted,
    /// `$...` or a backquoted command.
    Expansion,
    /// The body of a here-document.
    HereDocument,
    /// `# ...`
    Comment,
    /// A quote or bracket that is not closed, up to the end.
    Unclosed,
    /// What cannot stand here.
    Error,
}

/// A part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}

/// Who listens to a parser.
#[derive(Debug, Default)]
pub struct Listener {
    marks: RefCell<Vec<Mark>>,
    /// The offset of what is parsed in the whole text.
    base: Cell<usize>,
}

impl Listener {
    /// Keep a mark. Only the text itself counts, not the value of an alias or the inside of backquotes, which are texts of their own.
    #[cold]
    pub(super) fn note(&self, start: Cursor<'_>, end: Cursor<'_>, kind: Kind) {
        if let (Some(from), Some(to)) = (self.offset(start), self.offset(end)) {
            self.marks.borrow_mut().push(Mark { start: from, end: to, kind });
        }
    }

    fn offset(&self, cursor: Cursor<'_>) -> Option<usize> {
        let inside = cursor.context().is_first(cursor.line);
        inside.then(|| self.base.get() + cursor.place().column)
    }
}

/// The marks of a text, sorted so that what is inside comes behind what is around it.
pub fn of(text: &[u8]) -> Vec<Mark> {
    let listener = Listener::default();
    let pools = Pools::default();
    let mut next = 0;
    while next < text.len() {
        let arena = Arena::with_capacity(1);
        let mut context = Context::new(&arena, None, &NoAliases, &pools, 0);
        context.marks = Some(&listener);
        listener.base.set(next);
        match list::complete_command(context.begin(&text[next..])) {
            Ok((end, _)) => next = text.len() - end.behind_command().0.len(),
            Err(nom::Err::Error(failure) | nom::Err::Failure(failure)) => {
                let found = failure.place.column + next;
                let unclosed = match failure.situation {
                    Situation::Unclosed { opened, place, .. }
                        if opened.contains("quote") || opened.starts_with('$') =>
                    {
                        context.is_first(place.line).then_some(place.column + next)
                    }
                    _ => None,
                };
                let mark = match unclosed {
                    Some(start) => Mark { start, end: text.len(), kind: Kind::Unclosed },
                    None => Mark { start: found.min(text.len()), end: word_end(text, found), kind: Kind::Error },
                };
                listener.marks.borrow_mut().push(mark);
                break;
            }
            Err(nom::Err::Incomplete(_)) => break,
        }
    }
    let mut marks = listener.marks.into_inner();
    marks.sort_by_key(|mark| (mark.start, std::cmp::Reverse(mark.end), mark.kind));
    marks
}

/// The end of the word or operator at an offset.
fn word_end(text: &[u8], start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.iter().position(|byte| b" \t\n;&|<>()".contains(byte)).unwrap_or(rest.len());
    start.min(text.len()) + length.max(usize::from(!rest.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(&str, Kind)> {
        of(text.as_bytes()).into_iter().map(|mark| (&text[mark.start..mark.end], mark.kind)).collect()
    }

    #[test]
    fn the_parser_says_what_it_sees() {
        use Kind::{Command, Comment, Error, Expansion, Keyword, Quoted, Redirect, Unclosed, Word};
        assert_eq!(kinds("ls 'a b' # c"), [("ls", Command), ("'a b'", Word), ("'a b'", Quoted), ("# c", Comment)]);
        let marks = kinds("if a; then b >x; fi");
        for expected in [("if", Keyword), ("a", Command), ("then", Keyword), (">x", Redirect), ("fi", Keyword)] {
            assert!(marks.contains(&expected), "{expected:?} in {marks:?}");
        }
        let marks = kinds("echo \"$(cat x)\"");
        for expected in [("\"$(cat x)\"", Quoted), ("$(cat x)", Expansion), ("cat", Command), ("x", Word)] {
            assert!(marks.contains(&expected), "{expected:?} in {marks:?}");
        }
        assert_eq!(kinds("echo 'a"), [("echo", Command), ("'a", Unclosed)]);
        assert_eq!(kinds("a )"), [("a", Command), (")", Error)]);
        assert!(kinds("a\nif b").contains(&("b", Command)));
    }
}
