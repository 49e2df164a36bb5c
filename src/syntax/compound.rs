//! Compound commands (XCU 2.9.4).

use crate::number::is_name;
use crate::syntax::ast::{
    CaseItem, CaseTerminator, Compound, CompoundCommand, DefinedIn, LineNumber, List, Name, PatternWord, Word, WordPart,
};
use crate::syntax::command::redirect;
use crate::syntax::compact::push_one;
use crate::syntax::cursor::{Cursor, Parsed};
use crate::syntax::error::Situation;
use crate::syntax::list::{
    before_item, before_keyword, command_start, compound_list, keyword_start, list, token_start, with_aliases,
};
use crate::syntax::reserved::{Reserved, keyword, reserved};
use crate::syntax::word::{pattern_word, starts_word, word};
use nom::Parser;
use nom::sequence::{delimited, pair, preceded, terminated};
use std::rc::Rc;

// compound_command = ( subshell | group | for_clause | case_clause | if_clause | while_clause ) , { redirect } ;
/// A compound command with its redirections. `word` is the reserved word that begins it, if it is no subshell.
pub fn compound_command<'a>(start: Cursor<'a>, word: Option<(Reserved, Cursor<'a>)>) -> Parsed<'a, CompoundCommand> {
    start.enter(match word {
        None => "(",
        Some((Reserved::BraceOpen, _)) => "{",
        Some((Reserved::For, _)) => "for",
        Some((Reserved::Case, _)) => "case",
        Some((Reserved::Until, _)) => "until",
        Some((Reserved::While, _)) => "while",
        Some(_) => "if",
    })?;
    let line = LineNumber(start.number());
    let (mut cursor, kind) = match word {
        None => subshell(start)?,
        Some((Reserved::BraceOpen, behind)) => group(start, behind)?,
        Some((Reserved::For, behind)) => for_clause(start, behind)?,
        Some((Reserved::Case, behind)) => case_clause(start, behind)?,
        Some((Reserved::If, behind)) => if_clause(start, behind)?,
        Some((Reserved::While, behind)) => while_clause(start, behind, false)?,
        Some((Reserved::Until, behind)) => while_clause(start, behind, true)?,
        Some(_) => return start.fail(Situation::Unexpected),
    };
    start.leave();
    let mut redirects = Vec::new();
    loop {
        // What follows can be no command's name; as most shells do, the alias of a word is taken there none the less.
        cursor = with_aliases(token_start(cursor), |at| reserved(at).is_none());
        let Some((next, redirect)) = redirect(cursor)? else { break };
        push_one(&mut redirects, redirect);
        cursor = next;
    }
    Ok((cursor, CompoundCommand { kind, redirects: redirects.into(), line, file: DefinedIn::default() }))
}

/// What was opened and is to be closed, for messages.
#[derive(Clone, Copy)]
struct Opened<'a> {
    word: &'static str,
    start: Cursor<'a>,
}

impl<'a> Opened<'a> {
    /// A parser of the reserved word that must come next; `needs` is how a message calls it.
    fn expect(self, word: Reserved, needs: &'static str) -> impl Fn(Cursor<'a>) -> Parsed<'a, ()> {
        move |cursor| match keyword(cursor, word) {
            Some(behind) => Ok((behind, ())),
            None => self.fail(cursor, needs),
        }
    }

    /// A parser of the list behind the word.
    fn list(self) -> impl Fn(Cursor<'a>) -> Parsed<'a, List> {
        move |cursor| compound_list(cursor, self.word, self.start)
    }

    fn fail<T>(self, cursor: Cursor<'a>, needs: &'static str) -> Parsed<'a, T> {
        cursor.fail(Situation::Unclosed { opened: self.word, needs, place: self.start.place() })
    }
}

// subshell = "(" , compound_list , ")" ;
fn subshell<'a>(start: Cursor<'a>) -> Parsed<'a, Compound> {
    let Some(inside) = start.eat(b'(') else { return start.fail(Situation::Unexpected) };
    let opened = Opened { word: "(", start };
    let close = |cursor: Cursor<'a>| match cursor.eat(b')') {
        Some(behind) => Ok((behind, ())),
        None => opened.fail(cursor, "\")\""),
    };
    terminated(opened.list(), close).map(|list| Compound::Subshell(Rc::new(list))).parse(inside)
}

// group = "{" , compound_list , "}" ;
fn group<'a>(start: Cursor<'a>, behind: Cursor<'a>) -> Parsed<'a, Compound> {
    let opened = Opened { word: "{", start };
    let close = opened.expect(Reserved::BraceClose, "\"}\" behind a \";\" or a newline");
    terminated(opened.list(), close).map(Compound::Group).parse(behind)
}

// if_clause = "if" , compound_list , "then" , compound_list , { "elif" , compound_list , "then" , compound_list } ,
//     [ "else" , compound_list ] , "fi" ;
fn if_clause<'a>(start: Cursor<'a>, behind: Cursor<'a>) -> Parsed<'a, Compound> {
    let mut branches = Vec::new();
    let mut otherwise = None;
    let mut opened = Opened { word: "if", start };
    let mut cursor = behind;
    loop {
        let (then, condition) = opened.list().parse(cursor)?;
        let (next, body) = preceded(
            opened.expect(Reserved::Then, "\"then\" behind a \";\" or a newline"),
            Opened { word: "then", start: then }.list(),
        )
        .parse(then)?;
        push_one(&mut branches, (condition, body));
        let mut closing = next;
        let mut word = reserved(next);
        if let Some((Reserved::Elif, behind)) = word {
            cursor = behind;
            opened = Opened { word: "elif", start: next };
            continue;
        }
        if let Some((Reserved::Else, behind)) = word {
            let (end, body) = Opened { word: "else", start: next }.list().parse(behind)?;
            otherwise = Some(body);
            closing = end;
            word = reserved(end);
        }
        let Some((Reserved::Fi, behind)) = word else {
            return Opened { word: "if", start }.fail(closing, "\"fi\"");
        };
        return Ok((behind, Compound::If { branches: branches.into_boxed_slice(), otherwise }));
    }
}

// while_clause = ( "while" | "until" ) , compound_list , do_group ;
fn while_clause<'a>(start: Cursor<'a>, behind: Cursor<'a>, until: bool) -> Parsed<'a, Compound> {
    let opened = Opened { word: if until { "until" } else { "while" }, start };
    pair(opened.list(), |cursor| do_group(opened, cursor))
        .map(|(condition, body)| Compound::While { until, condition, body })
        .parse(behind)
}

// do_group = "do" , compound_list , "done" ;
fn do_group<'a>(opened: Opened<'a>, cursor: Cursor<'a>) -> Parsed<'a, List> {
    delimited(
        opened.expect(Reserved::Do, "\"do\" behind a \";\" or a newline"),
        Opened { word: "do", start: cursor }.list(),
        opened.expect(Reserved::Done, "\"done\""),
    )
    .parse(cursor)
}

// for_clause = "for" , name , ( ";" , linebreak | newlines , [ "in" , for_words ] ) , do_group ;
fn for_clause<'a>(start: Cursor<'a>, behind: Cursor<'a>) -> Parsed<'a, Compound> {
    let mut at = token_start(behind);
    if !starts_word(&mut at) {
        let instead = "there is no `for ((` in this shell: write `i=0; while [ $i -lt 9 ]; do ...; i=$((i + 1)); done`";
        let is_arithmetic = at.rest().starts_with(b"((");
        return at.fail(if is_arithmetic {
            Situation::Elsewhere(instead)
        } else {
            Situation::Expected("the name of a variable")
        });
    }
    let (cursor, parsed) = word(at)?;
    let name = match &parsed.parts[..] {
        [WordPart::Literal(name)] if is_name(name) => Name::new(&name[..]),
        _ => return at.fail(Situation::Expected("the name of a variable")),
    };
    let in_or_do = [Reserved::In, Reserved::Do];
    let mut cursor = keyword_start(cursor, &in_or_do);
    let mut words = None;
    if let Some(behind) = cursor.eat(b';') {
        cursor = before_keyword(behind, &[Reserved::Do])?.0;
    } else {
        let before = cursor;
        cursor = before_keyword(cursor, &in_or_do)?.0;
        if let Some(behind) = keyword(cursor, Reserved::In) {
            let (next, list) = for_words(Opened { word: "for", start }, behind)?;
            words = Some(list.into());
            cursor = next;
        } else if cursor.rest().is_empty() {
            cursor = before;
        }
    }
    let (cursor, body) = do_group(Opened { word: "for", start }, cursor)?;
    Ok((cursor, Compound::For { name, words, body }))
}

// for_words = { word } , ( ";" | newline ) , linebreak ;
/// The words behind `in`, the separator, and newlines.
fn for_words<'a>(opened: Opened<'a>, cursor: Cursor<'a>) -> Parsed<'a, Box<[Word]>> {
    let pool = &cursor.context().pools.words;
    let mut words = pool.take();
    let mut cursor = token_start(cursor);
    while starts_word(&mut cursor) {
        let (next, parsed) = word(cursor)?;
        words.push(parsed);
        cursor = token_start(next);
    }
    match cursor.peek() {
        Some(b';') => cursor = cursor.advance(1),
        Some(b'\n') | None => {}
        Some(_) => return opened.fail(cursor, "\";\" or a newline behind the words"),
    }
    Ok((before_keyword(cursor, &[Reserved::Do])?.0, pool.boxed(words)))
}

// case_clause = "case" , word , newlines , "in" , newlines , { case_item , case_end , newlines } , [ case_item ] ,
//     "esac" ;
fn case_clause<'a>(start: Cursor<'a>, behind: Cursor<'a>) -> Parsed<'a, Compound> {
    let mut at = token_start(behind);
    if !starts_word(&mut at) {
        return Opened { word: "case", start }.fail(at, "a word");
    }
    let opened = Opened { word: "case", start };
    let (cursor, subject) = word(at)?;
    let (cursor, ()) = before_keyword(cursor, &[Reserved::In])?;
    let Some(behind) = keyword(cursor, Reserved::In) else {
        return opened.fail(cursor, "\"in\"");
    };
    behind.part("in");
    let (mut cursor, ()) = before_item(behind)?;
    let mut items = Vec::new();
    loop {
        if let Some(behind) = keyword(cursor, Reserved::Esac) {
            return Ok((behind, Compound::Case { word: subject, items: items.into() }));
        }
        let (next, item) = case_item(opened, cursor)?;
        items.push(item);
        let (next, terminator) = case_end(next)?;
        let last = terminator.is_none();
        if let (Some(terminator), Some(item)) = (terminator, items.last_mut()) {
            item.terminator = terminator;
        }
        cursor = before_item(next)?.0;
        if last {
            let (cursor, ()) = opened.expect(Reserved::Esac, "\";;\" or \"esac\"").parse(cursor)?;
            return Ok((cursor, Compound::Case { word: subject, items: items.into() }));
        }
    }
}

// case_item = [ "(" ] , word , { "|" , word } , ")" , list ;
/// An item, as if `;;` ended it.
fn case_item<'a>(opened: Opened<'a>, cursor: Cursor<'a>) -> Parsed<'a, CaseItem> {
    let mut cursor = cursor.eat(b'(').unwrap_or(cursor);
    let mut patterns: Vec<PatternWord> = Vec::new();
    loop {
        cursor = token_start(cursor);
        if !starts_word(&mut cursor) {
            return opened.fail(cursor, "a pattern or \"esac\"");
        }
        let (next, parsed) = word(cursor)?;
        push_one(&mut patterns, pattern_word(parsed));
        cursor = token_start(next);
        match cursor.peek() {
            Some(b'|') => cursor = cursor.advance(1),
            Some(b')') => break,
            _ => return cursor.fail(Situation::Expected("\")\" behind the pattern")),
        }
    }
    let (cursor, body) = list(cursor.advance(1))?;
    Ok((cursor, CaseItem { patterns: patterns.into(), body, terminator: CaseTerminator::Break }))
}

// case_end = ";;" | ";&" (*+*) ;
/// What ends an item; nothing may, before `esac`.
fn case_end(cursor: Cursor<'_>) -> Parsed<'_, Option<CaseTerminator>> {
    let Some(semicolon) = cursor.eat(b';') else { return Ok((command_start(cursor), None)) };
    match (semicolon.eat(b';'), semicolon.eat(b'&')) {
        (Some(behind), _) => Ok((behind, Some(CaseTerminator::Break))),
        (None, Some(behind)) => Ok((behind, Some(CaseTerminator::FallThrough))),
        (None, None) => cursor.fail(Situation::Unexpected),
    }
}
