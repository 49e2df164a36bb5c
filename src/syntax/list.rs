//! Lists, and-or lists and pipelines (XCU 2.9.2, 2.9.3), and the newlines between them.

use crate::syntax::ast::{AndOr, AndOrOp, Few, List, ListItem, Pipeline, TimeFormat};
use crate::syntax::command;
use crate::syntax::compact::push_one;
use crate::syntax::cursor::{Cursor, Parsed};
use crate::syntax::error::Situation;
use crate::syntax::heredoc;
use crate::syntax::marks::Kind;
use crate::syntax::parts::ends_word;
use crate::syntax::reserved::{Reserved, keyword, letters, reserved};
use std::rc::Rc;

/// Blanks and a comment.
#[inline(always)]
pub fn blanks(cursor: Cursor<'_>) -> Cursor<'_> {
    // Most often there is nothing, or one blank between two words.
    match cursor.rest() {
        [b' ', next, ..] if !matches!(next, b' ' | b'\t' | b'#' | b'\\') => cursor.advance(1),
        [b' ' | b'\t' | b'#' | b'\\', ..] => many_blanks(cursor),
        [] if cursor.is_in_value() => many_blanks(cursor),
        _ => cursor,
    }
}

fn many_blanks(mut cursor: Cursor<'_>) -> Cursor<'_> {
    loop {
        let rest = cursor.rest();
        let blanks = rest.iter().position(|&byte| byte != b' ' && byte != b'\t').unwrap_or(rest.len());
        cursor = cursor.advance(blanks);
        match &rest[blanks..] {
            [b'#', ..] => {
                let end = cursor.line_end();
                cursor.mark(end, Kind::Comment);
                return end;
            }
            // A line continuation, or the end of an alias's value; or else the cursor stays.
            [b'\\', ..] | [] => {
                let here = cursor.rest().as_ptr();
                if cursor.peek().is_none() || cursor.rest().as_ptr() == here {
                    return cursor;
                }
            }
            _ => return cursor,
        }
    }
}

// newline = ? a newline ? , bodies ;
/// The newline, or the end of a text behind which there is more, and the bodies of the line's here-documents; whether there was one.
pub fn newline(cursor: Cursor<'_>) -> Parsed<'_, bool> {
    match cursor.rest() {
        [b'\n', ..] => {
            let waiting = !cursor.context().pending.borrow().is_empty();
            let end = if waiting { heredoc::bodies(cursor)?.0 } else { cursor };
            Ok((end.next_line().unwrap_or(end.advance(end.rest().len().min(1))), true))
        }
        // The end of the last line, which lacks its newline.
        [] => match cursor.next_line() {
            Some(next) => Ok((next, true)),
            None => Ok((cursor, false)),
        },
        _ => Ok((cursor, false)),
    }
}

// linebreak = { newline } ;
/// Blanks, comments and newlines before a command, whose alias is spliced in.
pub fn linebreak(cursor: Cursor<'_>) -> Parsed<'_, ()> {
    let mut cursor = command_start(cursor);
    while let [] | [b'\n', ..] = cursor.rest() {
        let (next, more) = newline(cursor)?;
        if !more {
            break;
        }
        cursor = command_start(next);
    }
    Ok((cursor, ()))
}

// newlines = { newline } ;
/// Blanks, comments and newlines; `start` skips the blanks.
fn newlines<'a>(cursor: Cursor<'a>, start: impl Fn(Cursor<'a>) -> Cursor<'a>) -> Parsed<'a, ()> {
    let mut cursor = start(cursor);
    loop {
        let (next, more) = newline(cursor)?;
        if !more {
            return Ok((cursor, ()));
        }
        cursor = start(next);
    }
}

/// Blanks, comments and newlines before one of these reserved words. The alias of any other word is spliced in, be it a
/// reserved word elsewhere.
pub fn before_keyword<'a>(cursor: Cursor<'a>, words: &[Reserved]) -> Parsed<'a, ()> {
    newlines(cursor, |before| keyword_start(before, words))
}

/// The same on this line.
pub fn keyword_start<'a>(before: Cursor<'a>, words: &[Reserved]) -> Cursor<'a> {
    with_aliases(blanks(before), |at| words.iter().all(|&word| keyword(at, word).is_none()))
}

/// Blanks, comments and newlines before an item of `case` or `esac`.
pub fn before_item(cursor: Cursor<'_>) -> Parsed<'_, ()> {
    newlines(cursor, |before| {
        let cursor = blanks(before);
        let looks_up = cursor.follows_blank_alias(before);
        with_aliases(cursor, |at| looks_up && keyword(at, Reserved::Esac).is_none())
    })
}

/// Where a token begins that is no command's name: behind blanks. Behind an alias's value that ends with a blank, any token is
/// looked up (XCU 2.3.1).
#[inline(always)]
pub fn token_start(before: Cursor<'_>) -> Cursor<'_> {
    let cursor = blanks(before);
    if cursor.context().has_aliases { behind_alias(cursor, before) } else { cursor }
}

fn behind_alias<'a>(cursor: Cursor<'a>, before: Cursor<'a>) -> Cursor<'a> {
    if cursor.follows_blank_alias(before) { with_aliases(cursor, |_| true) } else { cursor }
}

/// Where a command may begin: behind blanks, with aliases spliced in.
#[inline(always)]
pub fn command_start(cursor: Cursor<'_>) -> Cursor<'_> {
    let cursor = blanks(cursor);
    if cursor.context().has_aliases { command_alias(cursor) } else { cursor }
}

fn command_alias(cursor: Cursor<'_>) -> Cursor<'_> {
    // A reserved word is no alias's name here.
    with_aliases(cursor, |at| reserved(at).is_none())
}

/// Splice in the alias of the word here, then that of the word with which its value begins, and so on, while `looks_up` says so.
#[inline]
pub fn with_aliases<'a>(mut cursor: Cursor<'a>, looks_up: impl Fn(Cursor<'a>) -> bool) -> Cursor<'a> {
    if cursor.context().has_aliases {
        while looks_up(cursor)
            && let Some(spliced) = cursor.splice_alias()
        {
            cursor = blanks(spliced);
        }
    }
    cursor
}

/// Whether a list ends here: at a reserved word that closes something, `)`, `;;`, `;&`, or the end of the input.
fn ends_list(mut cursor: Cursor<'_>) -> bool {
    match cursor.peek() {
        None | Some(b')') => true,
        Some(b';') => is_case_end(cursor),
        _ => reserved(cursor).is_some_and(|(word, _)| word.closes()),
    }
}

/// `;;` or `;&`
fn is_case_end(semicolon: Cursor<'_>) -> bool {
    matches!(semicolon.advance(1).peek(), Some(b';' | b'&'))
}

// complete_command = { item } , ( newline | ? the end of the input ? ) ;
/// The commands of a line, and of the lines that they need. The cursor is at the newline or at the end.
pub fn complete_command(cursor: Cursor<'_>) -> Parsed<'_, List> {
    let pool = &cursor.context().pools.items;
    let mut items = pool.take();
    let mut cursor = command_start(cursor);
    loop {
        match cursor.peek() {
            // In an alias's value, too: what follows is the next command.
            None | Some(b'\n') => break,
            Some(_) => {
                let (next, item) = item(cursor)?;
                items.push(item);
                cursor = next;
            }
        }
    }
    // Here-documents of this line belong to it; nothing else of the next line does.
    if !cursor.context().pending.borrow().is_empty() {
        cursor = heredoc::bodies(cursor)?.0;
    }
    Ok((cursor, List { items: pool.few(items) }))
}

// item = and_or , ( "&" | ";" | ? nothing, if what closes the list follows ? ) ;
/// An and-or list and the separator behind it; the cursor is at the next command of the line, if there is one.
fn item(cursor: Cursor<'_>) -> Parsed<'_, ListItem> {
    let (cursor, and_or) = and_or(cursor)?;
    let mut cursor = blanks(cursor);
    let mut item = ListItem { and_or: Rc::new(and_or), background: false };
    match cursor.peek() {
        None | Some(b'\n' | b')') => return Ok((cursor, item)),
        Some(b'&') => item.background = true,
        Some(b';') if is_case_end(cursor) => return Ok((cursor, item)),
        Some(b';') => {}
        // `(a)then`: a reserved word may follow a compound command at once.
        _ if ends_list(cursor) => return Ok((cursor, item)),
        Some(b'(') if cursor.is_behind(b'=') => {
            let instead = "there are no arrays in this shell: `set -- a b` makes the list \"$@\"";
            return cursor.fail(Situation::Elsewhere(instead));
        }
        Some(b'(') => return cursor.fail(Situation::Expected("quotes around it")),
        _ => return cursor.fail(Situation::Unexpected),
    }
    Ok((command_start(cursor.advance(1)), item))
}

// compound_list = linebreak , item , linebreak , { item , linebreak } ;
/// One command or more, up to what closes the construct. `opened` stands before the list.
pub fn compound_list<'a>(cursor: Cursor<'a>, opened: &'static str, start: Cursor<'a>) -> Parsed<'a, List> {
    cursor.part(opened);
    let (mut cursor, ()) = linebreak(cursor)?;
    if !matches!(cursor.peek(), Some(b';' | b'&' | b'|')) {
        let (end, list) = list(cursor)?;
        if !list.items.is_empty() || end.rest().is_empty() {
            return Ok((end, list));
        }
        cursor = end;
    }
    cursor.fail(Situation::Empty { opened, place: start.place() })
}

// list = linebreak , { item , linebreak } ;
/// The same, or nothing at all.
pub fn list(cursor: Cursor<'_>) -> Parsed<'_, List> {
    let pool = &cursor.context().pools.items;
    let mut items = pool.take();
    let (mut cursor, ()) = linebreak(cursor)?;
    while !ends_list(cursor) {
        let (next, item) = item(cursor)?;
        items.push(item);
        cursor = linebreak(next)?.0;
    }
    Ok((cursor, List { items: pool.few(items) }))
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
            _ => break,
        };
        let Some(behind) = behind else { break };
        let operator = if op == AndOrOp::And { "&&" } else { "||" };
        let start = cursor;
        behind.enter(if op == AndOrOp::And { "and" } else { "or" })?;
        let (next, ()) = linebreak(behind)?;
        behind.leave();
        if ends_list(next) {
            return next.fail(Situation::Empty { opened: operator, place: start.place() });
        }
        let (next, pipeline) = pipeline(next)?;
        push_one(&mut rest, (op, pipeline));
        cursor = next;
    }
    Ok((cursor, AndOr { first, rest: rest.into() }))
}

// pipeline = [ time (*+*) ] , [ "!" ] , command , { "|" , linebreak , command } ;
/// Commands joined by `|`. The cursor is where a command may begin.
fn pipeline(mut cursor: Cursor<'_>) -> Parsed<'_, Pipeline> {
    let mut negated = false;
    let mut timed = None;
    while let Some((behind, format)) = time(cursor) {
        timed = Some(format);
        cursor = command_start(behind);
    }
    let bang = cursor;
    while let [b'!' | b'\\', ..] = cursor.rest()
        && let Some(behind) = keyword(cursor, Reserved::Bang)
    {
        negated = !negated;
        cursor = command_start(behind);
    }
    if (timed.is_some() || !cursor.is_at(bang)) && ends_command(cursor) {
        if timed.is_some() {
            return Ok((cursor, Pipeline { negated, timed, commands: Few::default() }));
        }
        return cursor.fail(Situation::Empty { opened: "!", place: bang.place() });
    }
    let (next, first) = command::command(cursor)?;
    cursor = blanks(next);
    let Some(mut behind) = bar(cursor) else {
        return Ok((cursor, Pipeline { negated, timed, commands: Few::One(first) }));
    };
    let mut commands = vec![first];
    loop {
        behind.enter("pipe")?;
        let (next, ()) = linebreak(behind)?;
        behind.leave();
        if ends_list(next) {
            return next.fail(Situation::Empty { opened: "|", place: cursor.place() });
        }
        let (next, command) = command::command(next)?;
        commands.push(command);
        cursor = blanks(next);
        match bar(cursor) {
            Some(next) => behind = next,
            None => return Ok((cursor, Pipeline { negated, timed, commands: commands.into() })),
        }
    }
}

/// Whether no command begins here.
fn ends_command(mut cursor: Cursor<'_>) -> bool {
    matches!(cursor.peek(), None | Some(b'\n' | b';' | b'&' | b'|' | b')'))
}

/// `|`, if it is not `||`.
fn bar(cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    cursor.eat(b'|').filter(|behind| behind.eat(b'|').is_none())
}

// time = "time" , [ "-p" ] ;
/// `time`, unless an option other than `-p` follows: then it is the utility.
fn time(cursor: Cursor<'_>) -> Option<(Cursor<'_>, TimeFormat)> {
    let behind = blanks(letters(cursor, b"time").filter(|&(mut behind)| behind.peek().is_none_or(ends_word))?);
    match behind.rest() {
        [b'-', b'p', rest @ ..] if rest.first().is_none_or(|&byte| ends_word(byte)) => {
            Some((behind.advance(2), TimeFormat::Posix))
        }
        [b'-', ..] => None,
        _ => Some((behind, TimeFormat::Default)),
    }
}
