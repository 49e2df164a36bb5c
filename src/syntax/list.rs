//! Lists, and-or lists and pipelines (XCU 2.9.2, 2.9.3), and the newlines between them.

use crate::syntax::ast::{AndOr, AndOrOp, List, ListItem, Pipeline, TimeFormat};
use crate::syntax::command;
use crate::syntax::cursor::{Cursor, Parsed};
use crate::syntax::error::Situation;
use crate::syntax::heredoc;
use std::rc::Rc;

/// Blanks and a comment.
pub fn blanks(mut cursor: Cursor<'_>) -> Cursor<'_> {
    loop {
        match cursor.peek() {
            Some(b' ' | b'\t') => cursor = cursor.advance(1),
            Some(b'#') => {
                let length = memchr::memchr(b'\n', cursor.rest).unwrap_or(cursor.rest.len());
                return cursor.advance(length);
            }
            _ => return cursor,
        }
    }
}

/// Blanks between the tokens of a command, where `#` begins a comment too.
pub fn newline(cursor: Cursor<'_>) -> Parsed<'_, bool> {
    match cursor.rest {
        [b'\n', ..] => match heredoc::bodies(cursor)? {
            (Some(next), ()) => Ok((next, true)),
            (None, ()) => Ok((cursor.advance(1), true)),
        },
        // The end of a spliced line or of the last line, which lacks its newline.
        [] => match cursor.next_line() {
            Some(next) => Ok((next, true)),
            None => Ok((cursor, false)),
        },
        _ => Ok((cursor, false)),
    }
}

// linebreak = { newline } ;
/// Blanks, comments and newlines; aliases at the word behind them are spliced in.
pub fn linebreak(cursor: Cursor<'_>) -> Parsed<'_, ()> {
    let mut cursor = command_start(cursor);
    loop {
        let (next, more) = newline(cursor)?;
        if !more {
            return Ok((cursor, ()));
        }
        cursor = command_start(next);
    }
}

/// Blanks, comments and newlines where no command begins: no aliases.
pub fn newlines(cursor: Cursor<'_>) -> Parsed<'_, ()> {
    let mut cursor = blanks(cursor);
    loop {
        let (next, more) = newline(cursor)?;
        if !more {
            return Ok((cursor, ()));
        }
        cursor = blanks(next);
    }
}

/// Where a command may begin: behind blanks, with aliases spliced in.
pub fn command_start(cursor: Cursor<'_>) -> Cursor<'_> {
    let mut cursor = blanks(cursor);
    // A reserved word is no alias's name here.
    while reserved(cursor).is_none() {
        match cursor.splice_alias() {
            Some(spliced) => cursor = blanks(spliced),
            None => break,
        }
    }
    cursor
}

/// The reserved words (XCU 2.4).
const RESERVED: [&str; 16] =
    ["!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then", "until", "while"];

/// The reserved word that stands here, and the cursor behind it.
pub fn reserved(mut cursor: Cursor<'_>) -> Option<(&'static str, Cursor<'_>)> {
    let first = cursor.peek()?;
    if !(first.is_ascii_lowercase() || b"!{}".contains(&first)) {
        return None;
    }
    let mut word = [0u8; 6];
    let mut length = 0;
    loop {
        match cursor.peek() {
            Some(byte) if !b" \t\n;&|<>()".contains(&byte) => {
                *word.get_mut(length)? = byte;
                length += 1;
                cursor = cursor.advance(1);
            }
            _ => break,
        }
    }
    let found = RESERVED.iter().find(|reserved| reserved.as_bytes() == &word[..length])?;
    Some((found, cursor))
}

/// The reserved word `word`, if it comes next.
pub fn keyword<'a>(cursor: Cursor<'a>, word: &str) -> Option<Cursor<'a>> {
    reserved(cursor).filter(|(found, _)| *found == word).map(|(_, behind)| behind)
}

/// Whether a list ends here: at a reserved word that closes something, `)`, `;;`, `;&`, or the end of the input.
fn ends_list(mut cursor: Cursor<'_>) -> bool {
    match cursor.peek() {
        None | Some(b')') => true,
        Some(b';') => cursor.advance(1).eat(b';').or_else(|| cursor.advance(1).eat(b'&')).is_some(),
        _ => reserved(cursor)
            .is_some_and(|(word, _)| matches!(word, "}" | "do" | "done" | "elif" | "else" | "esac" | "fi" | "then")),
    }
}

// complete_command = list , ( newline | end ) ;
/// The commands of a line, and of the lines that they need. The cursor is at the newline or at the end.
pub fn complete_command(cursor: Cursor<'_>) -> Parsed<'_, List> {
    let mut items = Vec::new();
    let mut cursor = command_start(cursor);
    loop {
        match cursor.peek() {
            None => {
                // The end of a spliced line: the command goes on only if it has to.
                return Ok((cursor, List { items }));
            }
            Some(b'\n') if cursor.rest.len() == 1 => {
                // Here-documents of this line belong to it; nothing else of the next line does.
                if cursor.context.pending.borrow().is_empty() {
                    return Ok((cursor, List { items }));
                }
                let end = heredoc::bodies_only(cursor)?.0;
                return Ok((end, List { items }));
            }
            Some(b'\n') => cursor = command_start(newline(cursor)?.0),
            _ => {
                let (next, item) = item(cursor)?;
                items.push(item);
                cursor = next;
            }
        }
    }
}

/// An and-or list and the separator behind it; the cursor is at the next command of the line, if there is one.
fn item(cursor: Cursor<'_>) -> Parsed<'_, ListItem> {
    let (cursor, and_or) = and_or(cursor)?;
    let mut cursor = blanks(cursor);
    let background = match cursor.peek() {
        Some(b'&') => true,
        Some(b';') if cursor.advance(1).eat(b';').or_else(|| cursor.advance(1).eat(b'&')).is_none() => false,
        None | Some(b'\n' | b')') => return Ok((cursor, ListItem { and_or: Rc::new(and_or), background: false })),
        Some(b';') => return Ok((cursor, ListItem { and_or: Rc::new(and_or), background: false })),
        // `(a)then`: a reserved word may follow a compound command at once.
        _ if ends_list(cursor) => return Ok((cursor, ListItem { and_or: Rc::new(and_or), background: false })),
        _ => return cursor.fail(Situation::Unexpected),
    };
    Ok((command_start(cursor.advance(1)), ListItem { and_or: Rc::new(and_or), background }))
}

// compound_list = linebreak , and_or , { separator , and_or } , [ separator ] , linebreak ;
/// One command or more, up to what closes the construct.
pub fn compound_list(cursor: Cursor<'_>) -> Parsed<'_, List> {
    let (cursor, list) = compound_list_or_nothing(cursor)?;
    if list.items.is_empty() { cursor.fail(Situation::Expected("a command")) } else { Ok((cursor, list)) }
}

/// The same, or nothing at all.
pub fn compound_list_or_nothing(cursor: Cursor<'_>) -> Parsed<'_, List> {
    let mut items = Vec::new();
    let (mut cursor, ()) = linebreak(cursor)?;
    while !ends_list(cursor) {
        let (next, item) = item(cursor)?;
        items.push(item);
        cursor = linebreak(next)?.0;
    }
    Ok((cursor, List { items }))
}

/// All commands of a text of its own.
pub fn whole(cursor: Cursor<'_>) -> Parsed<'_, List> {
    compound_list_or_nothing(cursor)
}

// and_or = pipeline , { ( "&&" | "||" ) , linebreak , pipeline } ;
/// Pipelines joined by `&&` and `||`.
pub fn and_or(cursor: Cursor<'_>) -> Parsed<'_, AndOr> {
    let (mut cursor, first) = pipeline(cursor)?;
    let mut rest = Vec::new();
    loop {
        cursor = blanks(cursor);
        let (op, behind) = match cursor.peek() {
            Some(b'&') => (AndOrOp::And, cursor.advance(1).eat(b'&')),
            Some(b'|') => (AndOrOp::Or, cursor.advance(1).eat(b'|')),
            _ => return Ok((cursor, AndOr { first, rest })),
        };
        let Some(behind) = behind else { return Ok((cursor, AndOr { first, rest })) };
        let (next, ()) = linebreak(behind)?;
        let (next, pipeline) = pipeline(next)?;
        rest.push((op, pipeline));
        cursor = next;
    }
}

// pipeline = [ "time" , [ "-p" ] ] , [ "!" ] , command , { "|" , linebreak , command } ;
/// Commands joined by `|`.
fn pipeline(cursor: Cursor<'_>) -> Parsed<'_, Pipeline> {
    let mut cursor = command_start(cursor);
    let mut pipeline = Pipeline { negated: false, timed: None, commands: Vec::new() };
    while let Some((behind, format)) = time(cursor) {
        pipeline.timed = Some(format);
        cursor = command_start(behind);
    }
    while let Some(behind) = keyword(cursor, "!") {
        pipeline.negated = !pipeline.negated;
        cursor = command_start(behind);
    }
    let mut at = cursor;
    if pipeline.timed.is_some() && matches!(at.peek(), None | Some(b'\n' | b';' | b'&' | b'|' | b')')) {
        return Ok((cursor, pipeline));
    }
    loop {
        let (next, command) = command::command(cursor)?;
        pipeline.commands.push(command);
        cursor = blanks(next);
        match cursor.eat(b'|') {
            Some(behind) if behind.eat(b'|').is_none() => {
                let (next, ()) = linebreak(behind)?;
                cursor = next;
            }
            _ => return Ok((cursor, pipeline)),
        }
    }
}

/// `time`, unless an option other than `-p` follows: then it is the utility.
fn time(cursor: Cursor<'_>) -> Option<(Cursor<'_>, TimeFormat)> {
    let rest = cursor.rest.strip_prefix(b"time")?;
    if rest.first().is_some_and(|byte| !b" \t\n;&|()".contains(byte)) {
        return None;
    }
    let behind = blanks(cursor.advance(4));
    match behind.rest {
        [b'-', b'p', b' ' | b'\t' | b'\n', ..] => Some((behind.advance(2), TimeFormat::Posix)),
        [b'-', ..] => None,
        _ => Some((behind, TimeFormat::Default)),
    }
}
