//! Command substitution and arithmetic expansion (XCU 2.6.3, 2.6.4): `$(...)`, backquotes, `$((...))`.

use crate::find;
use crate::syntax::ast::{Arithmetic, CommandSubstitution, LineNumber, List, Word, WordPart};
use crate::syntax::cursor::{Cursor, Parsed};
use crate::syntax::error::Situation;
use crate::syntax::parts::Parts;
use crate::syntax::word::{Mode, parts, unclosed};
use crate::syntax::{arith, list};
use std::rc::Rc;

// parenthesised = arithmetic | command_substitution ;
/// `$(`: arithmetic if it is one, else a command substitution (XCU 2.6.3: `$((` is arithmetic where it can be).
pub fn parenthesised<'a>(dollar: Cursor<'a>, inside: Cursor<'a>) -> Parsed<'a, WordPart> {
    let context = dollar.context();
    let key = dollar.key();
    let known = context.not_arithmetic.borrow().get(&key).cloned();
    if let Some(Some(done)) = known {
        return Ok(done);
    }
    if let Some(expression) = inside.eat(b'(')
        && known.is_none()
    {
        let depth = context.depth.get();
        let pending = context.pending.borrow().clone();
        let pending_before = pending.len();
        match arithmetic(dollar, expression) {
            Ok(done) => return Ok(done),
            Err(error) => {
                context.depth.set(depth);
                context.pending.replace(pending);
                // An unclosed or too deep one is no command either; trying would take exponential time.
                if let nom::Err::Failure(failure) = &error
                    && (failure.at_end || matches!(failure.situation, Situation::NestedTooDeeply))
                {
                    return Err(error);
                }
                context.not_arithmetic.borrow_mut().insert(key, None);
                // Not arithmetic; if it is no command either, that is what the message will be about.
                let done = command_substitution(dollar, inside).map_err(|_| error)?;
                // (One that leaves a here-document to be read has to be parsed once more.)
                if context.pending.borrow().len() == pending_before {
                    context.not_arithmetic.borrow_mut().insert(key, Some(done.clone()));
                }
                return Ok(done);
            }
        }
    }
    command_substitution(dollar, inside)
}

// arithmetic = "((" , ? an expression of arith.ebnf ? , "))" ;
fn arithmetic<'a>(dollar: Cursor<'a>, inside: Cursor<'a>) -> Parsed<'a, WordPart> {
    dollar.enter("$((")?;
    let (cursor, parts) = parts(inside, Mode::Arithmetic, dollar)?;
    dollar.leave();
    let Some(end) = cursor.advance(1).eat(b')') else { return unclosed(cursor, Mode::Arithmetic, dollar) };
    let expression = arith::prepare(&parts);
    Ok((end, WordPart::Arithmetic(Box::new(Arithmetic { text: Word::new(parts), expression }))))
}

// command_substitution = "(" , commands , ")" ;
fn command_substitution<'a>(dollar: Cursor<'a>, inside: Cursor<'a>) -> Parsed<'a, WordPart> {
    let line = LineNumber(dollar.number());
    dollar.enter("$(")?;
    let (mut cursor, body) = commands(inside)?;
    match cursor.peek() {
        Some(b')') => {
            dollar.leave();
            let part = WordPart::Command(Rc::new(CommandSubstitution { body, line }));
            Ok((cursor.advance(1), part))
        }
        _ => cursor.fail(Situation::Unclosed { opened: "$(", needs: "\")\"", place: dollar.place() }),
    }
}

// commands = ? a list of shell.ebnf ? ;
/// The list inside a substitution. The bodies of here-documents around it do not begin at a newline inside it.
fn commands(inside: Cursor<'_>) -> Parsed<'_, List> {
    let around = inside.context().pending.take();
    let (cursor, body) = list::list(inside)?;
    inside.context().pending.borrow_mut().splice(..0, around);
    Ok((cursor, body))
}

// backquoted = "`" , ? a list of shell.ebnf, with a backslash before each backslash and backquote ? , "`" ;
/// A command substitution in backquotes; the text between them is unescaped first, then parsed.
pub fn backquoted<'a>(cursor: Cursor<'a>, mode: Mode, parts: &mut Parts<'a>) -> Parsed<'a, ()> {
    let line = cursor.number();
    let mut text = Vec::new();
    let mut inner = cursor.advance(1);
    loop {
        let at = find::any([b'`', b'\\', b'\n'], inner.rest()).unwrap_or(inner.rest().len());
        text.extend_from_slice(&inner.rest()[..at]);
        inner = inner.advance(at);
        match inner.rest() {
            [b'`', ..] => break,
            [b'\\', byte @ (b'$' | b'`' | b'\\'), ..] => {
                text.push(*byte);
                inner = inner.advance(2);
            }
            [b'\\', b'"', ..] if matches!(mode, Mode::Double | Mode::QuotedBrace | Mode::HereDoc) => {
                text.push(b'"');
                inner = inner.advance(2);
            }
            // A line continuation, also where the command's own quotes would keep it: every shell takes it away before the command is parsed.
            [b'\\', b'\n', ..] => {
                let newline = inner.advance(1);
                inner = newline.next_line().unwrap_or(newline.advance(1));
            }
            [b'\\', ..] => {
                text.push(b'\\');
                inner = inner.advance(1);
            }
            end => {
                text.extend_from_slice(&end[..end.len().min(1)]);
                match inner.next_line_inside(b"backquote") {
                    Some(next) => inner = next,
                    None => {
                        return inner.advance(inner.rest().len()).fail(Situation::Unclosed {
                            opened: "the backquote",
                            needs: "a closing one",
                            place: cursor.place(),
                        });
                    }
                }
            }
        }
    }
    cursor.enter("backquote")?;
    let (mut end, body) = commands(cursor.context().over(text, line))?;
    if end.peek().is_some() {
        return end.fail(Situation::Unexpected);
    }
    cursor.leave();
    parts.push(WordPart::Command(Rc::new(CommandSubstitution { body, line: LineNumber(line) })));
    Ok((inner.advance(1), ()))
}
