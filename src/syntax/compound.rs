//! Compound commands (XCU 2.9.4).

use crate::syntax::ast::{
    CaseItem, CaseTerminator, Compound, CompoundCommand, LineNumber, List, Name, PatternWord, Word, WordPart,
};
use crate::syntax::command::redirect;
use crate::syntax::cursor::{Cursor, Parsed};
use crate::syntax::error::Situation;
use crate::syntax::list::{
    blanks, command_start, compound_list, compound_list_or_nothing, keyword, linebreak, newlines, reserved,
};
use crate::syntax::word::{pattern_word, starts_word, word};
use std::rc::Rc;

// compound_command = ( group | subshell | for_clause | case_clause | if_clause | while_clause ) , { redirect } ;
/// A compound command with its redirections.
pub fn compound_command(start: Cursor<'_>) -> Parsed<'_, CompoundCommand> {
    start.enter()?;
    let line = LineNumber(start.line.number);
    let (mut cursor, kind) = match reserved(start) {
        None => subshell(start)?,
        Some(("{", behind)) => group(start, behind)?,
        Some(("for", behind)) => for_clause(start, behind)?,
        Some(("case", behind)) => case_clause(start, behind)?,
        Some(("if", behind)) => if_clause(start, behind)?,
        Some(("while", behind)) => while_clause(start, behind, false)?,
        Some(("until", behind)) => while_clause(start, behind, true)?,
        Some(_) => return start.fail(Situation::Unexpected),
    };
    start.leave();
    let mut redirects = Vec::new();
    while let Some((next, redirect)) = redirect(blanks(cursor))? {
        redirects.push(redirect);
        cursor = next;
    }
    Ok((cursor, CompoundCommand { kind, redirects, line }))
}

/// The reserved word that must come next.
fn expect<'a>(start: Cursor<'a>, cursor: Cursor<'a>, opened: &'static str, word: &'static str) -> Parsed<'a, ()> {
    let expected = match word {
        "}" => "`}`",
        "do" => "`do`",
        "done" => "`done`",
        "esac" => "`esac`",
        "then" => "`then`",
        _ => "`fi`",
    };
    match keyword(cursor, word) {
        Some(behind) => Ok((behind, ())),
        None => cursor.fail(Situation::Unclosed { opened, expected, place: start.place() }),
    }
}

// subshell = "(" , compound_list , ")" ;
fn subshell(start: Cursor<'_>) -> Parsed<'_, Compound> {
    let Some(inside) = start.eat(b'(') else { return start.fail(Situation::Unexpected) };
    let (mut cursor, list) = compound_list(inside)?;
    match cursor.peek() {
        Some(b')') => Ok((cursor.advance(1), Compound::Subshell(Rc::new(list)))),
        _ => cursor.fail(Situation::Unclosed { opened: "`(`", expected: "`)`", place: start.place() }),
    }
}

// group = "{" , compound_list , "}" ;
fn group<'a>(start: Cursor<'a>, behind: Cursor<'a>) -> Parsed<'a, Compound> {
    let (cursor, list) = compound_list(behind)?;
    let (cursor, ()) = expect(start, cursor, "`{`", "}")?;
    Ok((cursor, Compound::Group(list)))
}

// if_clause = "if" , compound_list , "then" , compound_list , { "elif" , ... } , [ "else" , compound_list ] , "fi" ;
fn if_clause<'a>(start: Cursor<'a>, behind: Cursor<'a>) -> Parsed<'a, Compound> {
    let mut branches = Vec::new();
    let mut cursor = behind;
    loop {
        let (next, condition) = compound_list(cursor)?;
        let (next, ()) = expect(start, next, "`if`", "then")?;
        let (next, body) = compound_list(next)?;
        branches.push((condition, body));
        match keyword(next, "elif") {
            Some(behind) => cursor = behind,
            None => {
                cursor = next;
                break;
            }
        }
    }
    let mut otherwise = None;
    if let Some(behind) = keyword(cursor, "else") {
        let (next, body) = compound_list(behind)?;
        otherwise = Some(body);
        cursor = next;
    }
    let (cursor, ()) = expect(start, cursor, "`if`", "fi")?;
    Ok((cursor, Compound::If { branches, otherwise }))
}

// while_clause = ( "while" | "until" ) , compound_list , do_group ;
fn while_clause<'a>(start: Cursor<'a>, behind: Cursor<'a>, until: bool) -> Parsed<'a, Compound> {
    let (cursor, condition) = compound_list(behind)?;
    let (cursor, body) = do_group(start, cursor, if until { "`until`" } else { "`while`" })?;
    Ok((cursor, Compound::While { until, condition, body }))
}

// do_group = "do" , compound_list , "done" ;
fn do_group<'a>(start: Cursor<'a>, cursor: Cursor<'a>, opened: &'static str) -> Parsed<'a, List> {
    let (inside, ()) = expect(start, cursor, opened, "do")?;
    let (cursor, body) = compound_list(inside)?;
    let (cursor, ()) = expect(start, cursor, opened, "done")?;
    Ok((cursor, body))
}

// for_clause = "for" , name , [ linebreak , "in" , { word } , separator ] , linebreak , do_group ;
fn for_clause<'a>(start: Cursor<'a>, behind: Cursor<'a>) -> Parsed<'a, Compound> {
    let mut at = blanks(behind);
    if !starts_word(&mut at) {
        return at.fail(Situation::Expected("the name of a variable"));
    }
    let (cursor, parsed) = word(at)?;
    let name = match &parsed.parts[..] {
        [WordPart::Literal(name)] if is_name(name) => Name::new(name),
        _ => return at.fail(Situation::Expected("the name of a variable")),
    };
    let mut cursor = blanks(cursor);
    let mut words = None;
    if let Some(behind) = cursor.eat(b';') {
        cursor = linebreak(behind)?.0;
    } else {
        let before = cursor;
        cursor = newlines(cursor)?.0;
        if let Some(behind) = keyword(cursor, "in") {
            let (next, list) = for_words(behind)?;
            words = Some(list);
            cursor = next;
        } else {
            cursor = command_start(if cursor.rest.is_empty() { before } else { cursor });
        }
    }
    let (cursor, body) = do_group(start, cursor, "`for`")?;
    Ok((cursor, Compound::For { name, words, body }))
}

fn is_name(text: &[u8]) -> bool {
    !text[0].is_ascii_digit() && text.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The words behind `in`, the separator, and newlines.
fn for_words(cursor: Cursor<'_>) -> Parsed<'_, Vec<Word>> {
    let mut words = Vec::new();
    let mut cursor = blanks(cursor);
    while starts_word(&mut cursor) {
        let (next, parsed) = word(cursor)?;
        words.push(parsed);
        cursor = blanks(next);
    }
    match cursor.peek() {
        Some(b';') => cursor = cursor.advance(1),
        Some(b'\n') | None => {}
        Some(_) => return cursor.fail(Situation::Unexpected),
    }
    Ok((linebreak(cursor)?.0, words))
}

// case_clause = "case" , word , linebreak , "in" , linebreak , { case_item } , "esac" ;
fn case_clause<'a>(start: Cursor<'a>, behind: Cursor<'a>) -> Parsed<'a, Compound> {
    let mut at = blanks(behind);
    if !starts_word(&mut at) {
        return at.fail(Situation::Expected("a word"));
    }
    let (cursor, subject) = word(at)?;
    let (cursor, ()) = newlines(cursor)?;
    let Some(behind) = keyword(cursor, "in") else {
        return cursor.fail(Situation::Unclosed { opened: "`case`", expected: "`in`", place: start.place() });
    };
    let (mut cursor, ()) = newlines(behind)?;
    let mut items = Vec::new();
    loop {
        if let Some(behind) = keyword(cursor, "esac") {
            return Ok((behind, Compound::Case { word: subject, items }));
        }
        let (next, (item, more)) = case_item(start, cursor)?;
        items.push(item);
        cursor = newlines(next)?.0;
        if !more {
            let (cursor, ()) = expect(start, cursor, "`case`", "esac")?;
            return Ok((cursor, Compound::Case { word: subject, items }));
        }
    }
}

// case_item = [ "(" ] , pattern , { "|" , pattern } , ")" , [ compound_list ] , [ ";;" | ";&" ] ;
/// An item, and whether others may follow it.
fn case_item<'a>(start: Cursor<'a>, cursor: Cursor<'a>) -> Parsed<'a, (CaseItem, bool)> {
    let mut cursor = cursor.eat(b'(').unwrap_or(cursor);
    let mut patterns: Vec<PatternWord> = Vec::new();
    loop {
        cursor = blanks(cursor);
        if !starts_word(&mut cursor) {
            return cursor.fail(Situation::Unclosed {
                opened: "`case`",
                expected: "a pattern or `esac`",
                place: start.place(),
            });
        }
        let (next, parsed) = word(cursor)?;
        patterns.push(pattern_word(parsed));
        cursor = blanks(next);
        match cursor.peek() {
            Some(b'|') => cursor = cursor.advance(1),
            Some(b')') => break,
            _ => return cursor.fail(Situation::Expected("`)` behind the pattern")),
        }
    }
    let (mut cursor, body) = compound_list_or_nothing(cursor.advance(1))?;
    let (terminator, behind) = match cursor.eat(b';') {
        Some(semicolon) => match (semicolon.eat(b';'), semicolon.eat(b'&')) {
            (Some(behind), _) => (CaseTerminator::Break, Some(behind)),
            (None, Some(behind)) => (CaseTerminator::FallThrough, Some(behind)),
            (None, None) => return cursor.fail(Situation::Unexpected),
        },
        None => (CaseTerminator::Break, None),
    };
    let more = behind.is_some();
    if let Some(behind) = behind {
        cursor = behind;
    } else {
        cursor = command_start(cursor);
    }
    Ok((cursor, (CaseItem { patterns, body, terminator }, more)))
}
