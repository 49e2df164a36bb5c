//! Simple commands and redirections (XCU 2.7, 2.9.1), and which command begins here.

use crate::syntax::ast::{
    Assignment, Bytes, Command, FunctionDefinition, HereDoc, LineNumber, Name, Redirect, RedirectOp, SimpleCommand,
    Slot, Word, WordPart,
};
use crate::syntax::compact::push_one;
use crate::syntax::compound;
use crate::syntax::cursor::{Cursor, Fail, Parsed};
use crate::syntax::error::Situation;
use crate::syntax::list::{blanks, linebreak, token_start, with_aliases};
use crate::syntax::marks::Kind;
use crate::syntax::parameter;
use crate::syntax::parts::is_in_name;
use crate::syntax::reserved::{letters, reserved};
use crate::syntax::word::{self, starts_word};
use bstr::{BString, ByteSlice};
use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;

// command = compound_command | named_function | function_definition (*+*) | simple_command ;
/// One command; the cursor is where a command may begin.
pub fn command(mut cursor: Cursor<'_>) -> Parsed<'_, Command> {
    let word = reserved(cursor);
    if word.is_some() || cursor.peek() == Some(b'(') {
        let (cursor, compound) = compound::compound_command(cursor, word)?;
        return Ok((cursor, Command::Compound(Box::new(compound))));
    }
    if let Some(behind) = function_keyword(cursor) {
        return function_definition(cursor, behind);
    }
    simple_command(cursor)
}

/// `function name`, an extension that most shells have.
fn function_keyword(cursor: Cursor<'_>) -> Option<Cursor<'_>> {
    let mut behind = letters(cursor, b"function")?;
    matches!(behind.peek(), Some(b' ' | b'\t')).then_some(())?;
    behind = blanks(behind);
    starts_word(&mut behind).then_some(behind)
}

// function_definition = "function" , function_name , [ "(" , ")" ] , function_body ;
fn function_definition<'a>(start: Cursor<'a>, behind: Cursor<'a>) -> Parsed<'a, Command> {
    let (cursor, name) = word::word(behind)?;
    let Some(plain) = name.plain() else { return behind.fail(Situation::Expected("a function's name")) };
    let mut cursor = token_start(cursor);
    // Without `)` behind it, the parenthesis begins the body.
    if let Some(behind) = cursor.eat(b'(').and_then(|inside| token_start(inside).eat(b')')) {
        cursor = behind;
    }
    function_body(start, cursor, plain)
}

// function_body = linebreak , compound_command ;
fn function_body<'a>(start: Cursor<'a>, cursor: Cursor<'a>, name: &[u8]) -> Parsed<'a, Command> {
    cursor.enter("function")?;
    let (mut cursor, ()) = linebreak(cursor)?;
    let word = reserved(cursor);
    if cursor.peek() != Some(b'(') && word.is_none() {
        return cursor.fail(Situation::Expected("the function's body, such as { ...; }"));
    }
    let (cursor, body) = compound::compound_command(cursor, word)?;
    cursor.leave();
    let line = LineNumber(start.number());
    let definition = FunctionDefinition { name: Name::new(name), body: Rc::new(body), line };
    Ok((cursor, Command::Function(Box::new(definition))))
}

// simple_command = ( assignment | redirect ) , { assignment | redirect } , [ word , { word | redirect } ] | word ,
//     { word | redirect } | declaration , { declaration_word | redirect } ;
fn simple_command(start: Cursor<'_>) -> Parsed<'_, Command> {
    let pools = start.context().pools;
    let mut words = pools.words.take();
    let mut redirects = Vec::new();
    let mut assignments = Vec::new();
    let mut cursor = start;
    let mut declares = false;
    // No word yet but `command`s, which may stand before a declaration utility.
    let mut only_command = true;
    loop {
        let before = cursor;
        cursor = token_start(before);
        // The name of the command stands behind assignments and redirections.
        if words.is_empty() && !before.is_at(start) {
            cursor = with_aliases(cursor, |_| true);
        }
        if !only_command
            && !declares
            && !cursor.rest().first().is_some_and(u8::is_ascii_digit)
            && let Some((next, literal)) = word::literal(cursor)
        {
            cursor.mark(next, Kind::Word);
            words.push(literal);
            cursor = next;
            continue;
        }
        if let Some((next, redirect)) = redirect(cursor)? {
            cursor.mark(next, Kind::Redirect);
            push_one(&mut redirects, redirect);
            cursor = next;
            continue;
        }
        if !starts_word(&mut cursor) {
            break;
        }
        if words.is_empty()
            && let Some((next, assignment)) = assignment(cursor)?
        {
            cursor.mark(next, Kind::Assignment);
            push_one(&mut assignments, assignment);
            cursor = next;
            continue;
        }
        let (next, parsed) = if declares { declaration_word(cursor)? } else { word::word(cursor)? };
        if words.is_empty()
            && assignments.is_empty()
            && redirects.is_empty()
            && let mut paren = token_start(next)
            && paren.peek() == Some(b'(')
        {
            pools.words.give(words);
            return named_function(start, cursor, paren, &parsed);
        }
        cursor.mark(next, if words.is_empty() { Kind::Command } else { Kind::Word });
        if only_command {
            declares = is_declaration(&parsed);
            only_command = is_command(&parsed);
        }
        words.push(parsed);
        cursor = next;
    }
    if words.is_empty() && assignments.is_empty() && redirects.is_empty() {
        let is_pipe = cursor.peek() == Some(b'&') && cursor.is_behind(b'|') && !cursor.rest().starts_with(b"&&");
        let instead = "there is no `|&` in this shell: write `2>&1 |`";
        return cursor.fail(if is_pipe { Situation::Elsewhere(instead) } else { Situation::Expected("a command") });
    }
    Ok((
        cursor,
        Command::Simple(SimpleCommand {
            assignments: assignments.into(),
            words: pools.words.boxed(words).into(),
            redirects: redirects.into(),
            slot: Slot::default(),
            line: LineNumber(start.number()),
        }),
    ))
}

/// `command`, before the name of a declaration utility.
fn is_command(word: &Word) -> bool {
    word.plain().is_some_and(|plain| plain == "command")
}

/// Whether the arguments behind this word are those of a declaration utility (XCU 2.9.1.1).
fn is_declaration(word: &Word) -> bool {
    matches!(&word.parts[..], [WordPart::Literal(name)]
        if matches!(&name[..], b"export" | b"readonly" | b"local" | b"typeset" | b"declare"))
}

// named_function = function_name , "(" , ")" , function_body ;
fn named_function<'a>(start: Cursor<'a>, at: Cursor<'a>, paren: Cursor<'a>, name: &Word) -> Parsed<'a, Command> {
    let inside = paren.advance(1);
    let Some(behind) = token_start(inside).eat(b')') else {
        return paren.fail(Situation::Expected("quotes around it, or \")\" behind it to define a function"));
    };
    match &name.parts[..] {
        [WordPart::Literal(name)] if name.find_byteset(b"=$`'\"\\/").is_none() => function_body(start, behind, name),
        _ => at.fail(Situation::Expected("a function's name")),
    }
}

/// The name of an assignment, and the cursor behind its `=`.
fn assigned_name(cursor: Cursor<'_>) -> Option<(Cursor<'_>, Cow<'_, [u8]>)> {
    let rest = cursor.rest();
    let length = rest.iter().position(|&byte| !is_in_name(byte)).unwrap_or(rest.len());
    match &rest[length..] {
        _ if rest.first().is_some_and(u8::is_ascii_digit) => None,
        [b'=', ..] if length > 0 => Some((cursor.advance(length + 1), Cow::Borrowed(&rest[..length]))),
        [b'\\', b'\n', ..] => {
            // A line continuation may stand in the name or before the `=`.
            let (at, name) = parameter::name(cursor);
            let starts = name.first().is_some_and(|first| !first.is_ascii_digit());
            Some((at.eat(b'=').filter(|_| starts)?, name))
        }
        _ => None,
    }
}

// assignment = name , "=" , value ;
fn assignment(cursor: Cursor<'_>) -> Result<Option<(Cursor<'_>, Assignment)>, Fail<'_>> {
    let Some((behind, name)) = assigned_name(cursor) else { return Ok(None) };
    let (cursor, value) = word::value(behind)?;
    Ok(Some((cursor, Assignment { name: Name::new(&name[..]), value })))
}

// declaration_word = assignment | word ;
/// An argument of a declaration utility: one that looks like an assignment is expanded like one.
fn declaration_word(cursor: Cursor<'_>) -> Parsed<'_, Word> {
    let Some((behind, name)) = assigned_name(cursor) else { return word::word(cursor) };
    let (cursor, value) = word::value(behind)?;
    let mut parts = value.parts.into_boxed().into_vec();
    match parts.first_mut() {
        Some(WordPart::Literal(first)) => *first = Bytes::from([&name[..], b"=", &first[..]].concat()),
        _ => parts.insert(0, WordPart::Literal([&name[..], b"="].concat()[..].into())),
    }
    Ok((cursor, Word::assignment(parts.into())))
}

// redirect = [ io_number ] , operator ;
/// A redirection, if one begins here: digits directly before `<` or `>` are its descriptor.
#[inline]
pub fn redirect(cursor: Cursor<'_>) -> Result<Option<(Cursor<'_>, Redirect)>, Fail<'_>> {
    match cursor.rest() {
        [b'<' | b'>' | b'0'..=b'9' | b'\\', ..] => numbered(cursor),
        _ => Ok(None),
    }
}

fn numbered(mut cursor: Cursor<'_>) -> Result<Option<(Cursor<'_>, Redirect)>, Fail<'_>> {
    let line = LineNumber(cursor.number());
    let Some(first) = cursor.peek() else { return Ok(None) };
    let mut fd = None;
    if first.is_ascii_digit() {
        let mut number = Some(0i32);
        let mut at = cursor;
        while let Some(digit) = at.peek().filter(u8::is_ascii_digit) {
            number = number.and_then(|number| number.checked_mul(10)?.checked_add(i32::from(digit - b'0')));
            at = at.advance(1);
        }
        // A number that no descriptor can have is a word.
        if number.is_none() || !matches!(at.peek(), Some(b'<' | b'>')) {
            return Ok(None);
        }
        fd = number;
        let highest = &cursor.context().pools.descriptor;
        highest.set(highest.get().max(number.unwrap_or(0)));
        cursor = at;
    } else if !matches!(first, b'<' | b'>') {
        return Ok(None);
    }
    let (cursor, op) = operator(cursor)?;
    Ok(Some((cursor, Redirect { fd, op, line })))
}

// operator = ( "<" | ">" | ">|" | ">>" | "<>" | "<&" | ">&" ) , operand | here_document ;
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

// operand = word ;
fn operand(cursor: Cursor<'_>) -> Parsed<'_, Word> {
    let is_process = |mut cursor: Cursor<'_>| cursor.peek() == Some(b'(');
    let mut start = token_start(cursor);
    if starts_word(&mut start) {
        return word::word(start);
    }
    let is_inside = matches!(start.peek(), Some(b'<' | b'>')) && is_process(start.advance(1));
    if is_inside || is_process(cursor) {
        return start.fail(Situation::Elsewhere(PROCESS_SUBSTITUTION));
    }
    start.fail(Situation::Expected("a file name"))
}

/// `<(` and `>(` are words of other shells.
const PROCESS_SUBSTITUTION: &str =
    "there is no `<(` and no `>(` in this shell: take a pipe, or a FIFO (`mkfifo f; command >f & other f`)";

/// `<<<` is an operator of other shells.
const HERE_STRING: &str =
    "there is no `<<<` in this shell: write `printf '%s\\n' text | command`, or a here-document (`<<E`)";

// here_document = ( "<<" | "<<-" ) , delimiter ;
fn here_document(cursor: Cursor<'_>) -> Parsed<'_, RedirectOp> {
    let (mut cursor, strip_tabs) = match cursor.eat(b'-') {
        Some(behind) => (behind, true),
        None => (cursor, false),
    };
    let mut start = token_start(cursor);
    if cursor.peek() == Some(b'<') {
        return cursor.fail(Situation::Elsewhere(HERE_STRING));
    }
    if !starts_word(&mut start) {
        return start.fail(Situation::Expected("the delimiter of a here-document"));
    }
    let (cursor, word) = word::word(start)?;
    let (delimiter, quoted) = delimiter(start, cursor, &word);
    let document =
        Rc::new(HereDoc { delimiter, strip_tabs, quoted, body: OnceCell::new(), line: LineNumber(cursor.number()) });
    cursor.context().pending.borrow_mut().push(Rc::clone(&document));
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
    let whole = if std::ptr::eq(start.line, end.line) { start.up_to(end) } else { start.rest() };
    let text: Vec<u8> = whole.iter().copied().filter(|byte| !b"\"'\\".contains(byte)).collect();
    (text.into(), quoted)
}
