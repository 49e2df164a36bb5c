//! Simple commands and redirections (XCU 2.7, 2.9.1), and which command begins here.

use crate::syntax::ast::{
    Assignment, Command, FunctionDefinition, HereDoc, LineNumber, Name, Redirect, RedirectOp, SimpleCommand, Word,
    WordPart,
};
use crate::syntax::compound;
use crate::syntax::cursor::{Cursor, Parsed};
use crate::syntax::error::Situation;
use crate::syntax::list::{blanks, linebreak, reserved};
use crate::syntax::parameter;
use crate::syntax::word::{self, starts_word};
use bstr::{BString, ByteSlice};
use std::cell::OnceCell;
use std::rc::Rc;

// command = simple_command | compound_command , [ redirect_list ] | function_definition ;
/// One command; the cursor is where a command may begin.
pub fn command(mut cursor: Cursor<'_>) -> Parsed<'_, Command> {
    if cursor.peek() == Some(b'(') || reserved(cursor).is_some() {
        let (cursor, compound) = compound::compound_command(cursor)?;
        return Ok((cursor, Command::Compound(compound)));
    }
    if let Some(behind) = function_keyword(cursor) {
        return function_definition(cursor, behind);
    }
    simple_command(cursor)
}

/// `function name`, an extension that most shells have.
fn function_keyword(cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    let rest = cursor.rest.strip_prefix(b"function")?;
    let mut behind = matches!(rest.first(), Some(b' ' | b'\t')).then(|| blanks(cursor.advance(8)))?;
    starts_word(&mut behind).then_some(behind)
}

fn function_definition<'a>(start: Cursor<'a>, behind: Cursor<'a>) -> Parsed<'a, Command> {
    let (cursor, name) = word::word(behind)?;
    let Some(plain) = name.plain else { return behind.fail(Situation::Expected("a function's name")) };
    let mut cursor = blanks(cursor);
    if let Some(inside) = cursor.eat(b'(') {
        match blanks(inside).eat(b')') {
            Some(behind) => cursor = behind,
            None => return inside.fail(Situation::Expected("`)`")),
        }
    }
    function_body(start, cursor, &plain)
}

// function_definition = name , "(" , ")" , linebreak , compound_command , [ redirect_list ] ;
fn function_body<'a>(start: Cursor<'a>, cursor: Cursor<'a>, name: &[u8]) -> Parsed<'a, Command> {
    let (mut cursor, ()) = linebreak(cursor)?;
    if cursor.peek() != Some(b'(') && reserved(cursor).is_none() {
        return cursor.fail(Situation::Expected("the function's body, such as `{ ...; }`"));
    }
    cursor.enter()?;
    let (cursor, body) = compound::compound_command(cursor)?;
    cursor.leave();
    let line = LineNumber(start.line.number);
    Ok((cursor, Command::Function(FunctionDefinition { name: Name::new(name), body: Rc::new(body), line })))
}

// simple_command = { assignment | redirect } , [ word , { word | redirect } ] ;
fn simple_command(start: Cursor<'_>) -> Parsed<'_, Command> {
    let mut command = SimpleCommand { line: LineNumber(start.line.number), ..SimpleCommand::default() };
    let mut cursor = start;
    let mut declares = false;
    loop {
        let before = cursor;
        cursor = blanks(cursor);
        if command.words.is_empty() && !std::ptr::eq(before.rest, start.rest)
            || !command.words.is_empty() && cursor.follows_blank_alias(before)
        {
            while let Some(spliced) = cursor.splice_alias() {
                cursor = blanks(spliced);
            }
        }
        if let Some((next, redirect)) = redirect(cursor)? {
            command.redirects.push(redirect);
            cursor = next;
            continue;
        }
        if !starts_word(&mut cursor) {
            break;
        }
        if command.words.is_empty()
            && let Some((next, assignment)) = assignment(cursor)?
        {
            command.assignments.push(assignment);
            cursor = next;
            continue;
        }
        let (next, parsed) = if declares { declaration_word(cursor)? } else { word::word(cursor)? };
        if command.words.is_empty()
            && let Some(inside) = function_parenthesis(&command, next, &parsed)
        {
            return named_function(start, cursor, inside, &parsed);
        }
        declares |= is_declaration(&command.words, &parsed);
        command.words.push(parsed);
        cursor = next;
    }
    if command.words.is_empty() && command.assignments.is_empty() && command.redirects.is_empty() {
        return cursor.fail(Situation::Expected("a command"));
    }
    command.name = command.words.first().and_then(|word| word.plain.as_ref()).map(Name::new);
    Ok((cursor, Command::Simple(command)))
}

/// Whether the arguments behind these words are those of a declaration utility (XCU 2.9.1.1).
fn is_declaration(before: &[Word], word: &Word) -> bool {
    let prefixed = before.iter().all(|word| word.plain.as_ref().is_some_and(|plain| plain == "command"));
    let literal = matches!(&word.parts[..], [WordPart::Literal(_)]);
    prefixed
        && literal
        && word
            .plain
            .as_ref()
            .is_some_and(|name| matches!(&name[..], b"export" | b"readonly" | b"local" | b"typeset" | b"declare"))
}

fn function_parenthesis<'a>(command: &SimpleCommand, cursor: Cursor<'a>, _: &Word) -> Option<Cursor<'a>> {
    if !command.assignments.is_empty() || !command.redirects.is_empty() {
        return None;
    }
    blanks(cursor).eat(b'(')
}

fn named_function<'a>(start: Cursor<'a>, at: Cursor<'a>, inside: Cursor<'a>, name: &Word) -> Parsed<'a, Command> {
    let Some(behind) = blanks(inside).eat(b')') else { return blanks(inside).fail(Situation::Expected("`)`")) };
    match &name.parts[..] {
        [WordPart::Literal(name)] if name.find_byteset(b"=$`'\"\\/").is_none() => function_body(start, behind, name),
        _ => at.fail(Situation::Expected("a function's name")),
    }
}

/// The length of `name=` at the start of the text.
fn assignment_prefix(text: &[u8]) -> Option<usize> {
    let first = *text.first()?;
    if !(first.is_ascii_alphabetic() || first == b'_') {
        return None;
    }
    let length = text.iter().position(|&byte| !(byte.is_ascii_alphanumeric() || byte == b'_'))?;
    (text[length] == b'=').then_some(length)
}

// assignment = name , "=" , value ;
fn assignment(cursor: Cursor<'_>) -> Result<Option<(Cursor<'_>, Assignment)>, nom::Err<super::error::Failure<'_>>> {
    let (behind, name) = match assignment_prefix(cursor.rest) {
        Some(length) => (cursor.advance(length + 1), Name::new(&cursor.rest[..length])),
        None if memchr::memmem::find(cursor.rest, b"\\\n").is_some() && !cursor.rest[0].is_ascii_digit() => {
            // A line continuation may stand in the name or before the `=`.
            let (at, name) = parameter::name(cursor);
            let Some(behind) = at.eat(b'=').filter(|_| !name.is_empty()) else { return Ok(None) };
            (behind, Name::new(name))
        }
        None => return Ok(None),
    };
    let (cursor, value) = word::value(behind)?;
    Ok(Some((cursor, Assignment { name, value })))
}

/// An argument of a declaration utility: one that looks like an assignment is expanded like one.
fn declaration_word(cursor: Cursor<'_>) -> Parsed<'_, Word> {
    let Some(length) = assignment_prefix(cursor.rest) else { return word::word(cursor) };
    let prefix = BString::from(&cursor.rest[..=length]);
    let (cursor, value) = word::value(cursor.advance(length + 1))?;
    let mut parts = value.parts;
    match parts.first_mut() {
        Some(WordPart::Literal(first)) => *first = [&prefix[..], &first[..]].concat().into(),
        _ => parts.insert(0, WordPart::Literal(prefix)),
    }
    Ok((cursor, word::word_of(parts, true)))
}

// redirect = [ io_number ] , operator , word ;
/// A redirection, if one begins here: digits directly before `<` or `>` are its descriptor.
pub fn redirect(mut cursor: Cursor<'_>) -> Result<Option<(Cursor<'_>, Redirect)>, nom::Err<super::error::Failure<'_>>> {
    let line = LineNumber(cursor.line.number);
    let Some(first) = cursor.peek() else { return Ok(None) };
    let mut fd = None;
    if first.is_ascii_digit() {
        let mut number = 0u32;
        let mut at = cursor;
        while let Some(digit) = at.peek().filter(u8::is_ascii_digit) {
            number = number.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
            at = at.advance(1);
        }
        if !matches!(at.peek(), Some(b'<' | b'>')) {
            return Ok(None);
        }
        fd = Some(number);
        cursor = at;
    } else if !matches!(first, b'<' | b'>') {
        return Ok(None);
    }
    let (cursor, op) = operator(cursor)?;
    Ok(Some((cursor, Redirect { fd, op, line })))
}

fn operator(mut cursor: Cursor<'_>) -> Parsed<'_, RedirectOp> {
    let input = cursor.peek() == Some(b'<');
    let mut behind = cursor.advance(1);
    let make: fn(Word) -> RedirectOp = match (input, behind.peek()) {
        (true, Some(b'<')) => return here_document(behind.advance(1)),
        (true, Some(b'>')) => RedirectOp::ReadWrite,
        (true, Some(b'&')) => RedirectOp::DupInput,
        (false, Some(b'>')) => RedirectOp::Append,
        (false, Some(b'|')) => RedirectOp::Clobber,
        (false, Some(b'&')) => RedirectOp::DupOutput,
        (input, _) => {
            let (cursor, word) = operand(behind)?;
            return Ok((cursor, if input { RedirectOp::Input(word) } else { RedirectOp::Output(word) }));
        }
    };
    let (cursor, word) = operand(behind.advance(1))?;
    Ok((cursor, make(word)))
}

fn operand(cursor: Cursor<'_>) -> Parsed<'_, Word> {
    let mut cursor = blanks(cursor);
    if starts_word(&mut cursor) { word::word(cursor) } else { cursor.fail(Situation::Expected("a file name")) }
}

// here_document = ( "<<" | "<<-" ) , word ;
fn here_document(cursor: Cursor<'_>) -> Parsed<'_, RedirectOp> {
    let (cursor, strip_tabs) = match cursor.eat(b'-') {
        Some(behind) => (behind, true),
        None => (cursor, false),
    };
    let mut start = blanks(cursor);
    if !starts_word(&mut start) {
        return start.fail(Situation::Expected("the delimiter of a here-document"));
    }
    let (cursor, word) = word::word(start)?;
    let (delimiter, quoted) = delimiter(start, cursor, &word);
    let document = Rc::new(HereDoc { delimiter, strip_tabs, quoted, body: OnceCell::new() });
    cursor.context.pending.borrow_mut().push(Rc::clone(&document));
    Ok((cursor, RedirectOp::HereDoc(document)))
}

/// The delimiter after quote removal, which is all that happens to it.
fn delimiter<'a>(start: Cursor<'a>, end: Cursor<'a>, word: &Word) -> (BString, bool) {
    let quoted = word.parts.iter().any(|part| matches!(part, WordPart::Quoted(_) | WordPart::DoubleQuoted(_)));
    let literal = |part: &WordPart| matches!(part, WordPart::Literal(_) | WordPart::Quoted(_));
    let simple = word.parts.iter().all(|part| match part {
        WordPart::DoubleQuoted(inner) => inner.iter().all(literal),
        part => literal(part),
    });
    if simple {
        let mut text = BString::default();
        for part in &word.parts {
            match part {
                WordPart::Literal(bytes) | WordPart::Quoted(bytes) => text.extend_from_slice(bytes),
                WordPart::DoubleQuoted(inner) => {
                    for part in inner {
                        if let WordPart::Literal(bytes) = part {
                            text.extend_from_slice(bytes);
                        }
                    }
                }
                _ => {}
            }
        }
        return (text, quoted);
    }
    // Something in it looks like an expansion and is none: the text as it stands, without its quotes.
    let length = start.rest.len().saturating_sub(end.rest.len());
    let text: Vec<u8> = start.rest[..length].iter().copied().filter(|byte| !b"\"'\\".contains(byte)).collect();
    (text.into(), quoted)
}
