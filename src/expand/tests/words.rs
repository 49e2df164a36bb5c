//! Words from text, for tests: as much of the shell's quoting as the tests need, and nothing is ever wrong with it.
//! The real parser is `syntax`; expansion is tested without it.

use super::*;
use crate::expand::late;
use crate::syntax::ast::{
    AndOr, Expression, LineNumber, List, ListItem, ParameterExpansion, Pipeline, Rare, SimpleCommand, Slot, SwitchKind,
    TrimSide, Words,
};

/// The words of a line.
pub fn parse(source: &str) -> Vec<Word> {
    let mut parser = Parser { rest: source.as_bytes() };
    let mut words = Vec::new();
    loop {
        while parser.rest.first() == Some(&b' ') {
            parser.rest = &parser.rest[1..];
        }
        if parser.rest.is_empty() {
            return words;
        }
        words.push(word(parser.parts(b" ", false)));
    }
}

/// A pattern.
pub fn pattern(source: &str) -> PatternWord {
    pattern_word(Parser { rest: source.as_bytes() }.parts(b"", false))
}

/// A here-document.
pub fn quoted(source: &str) -> Word {
    word(Parser { rest: source.as_bytes() }.parts(b"", true))
}

fn word(parts: Vec<WordPart>) -> Word {
    Word::new(parts.into())
}

fn pattern_word(parts: Vec<WordPart>) -> PatternWord {
    let mut text = Vec::new();
    let mut fixed = true;
    for part in &parts {
        match part {
            WordPart::Literal(literal) => text.extend_from_slice(literal),
            WordPart::Quoted(quoted) => crate::expand::sink::push_quoted(&mut text, quoted),
            _ => fixed = false,
        }
    }
    PatternWord { word: word(parts), fixed: fixed.then(|| late::parse_pattern(&text)) }
}

struct Parser<'a> {
    rest: &'a [u8],
}

impl<'a> Parser<'a> {
    fn next(&mut self) -> u8 {
        let byte = self.rest[0];
        self.rest = &self.rest[1..];
        byte
    }

    fn until(&mut self, end: &str) -> &'a [u8] {
        let at = self.rest.find(end).expect("the end");
        let text = &self.rest[..at];
        self.rest = &self.rest[at + end.len()..];
        text
    }

    fn parts(&mut self, ends: &[u8], in_quotes: bool) -> Vec<WordPart> {
        let mut parts = Vec::new();
        while let Some(&byte) = self.rest.first() {
            if ends.contains(&byte) {
                break;
            }
            self.next();
            match byte {
                b'\\' if !in_quotes => parts.push(WordPart::Quoted([self.next()].into())),
                b'\\' if b"$`\"\\".contains(&self.rest[0]) => literal(&mut parts, self.next()),
                b'\'' if !in_quotes => parts.push(WordPart::Quoted(self.until("'").into())),
                b'"' => {
                    let inner = self.parts(b"\"", true);
                    self.next();
                    parts.push(WordPart::DoubleQuoted(inner.into()));
                }
                b'~' if !in_quotes && parts.is_empty() => {
                    let end = self.rest.find_byteset(b"/ }:").unwrap_or(self.rest.len());
                    parts.push(WordPart::Tilde(self.rest[..end].into()));
                    self.rest = &self.rest[end..];
                }
                b'$' => parts.push(self.dollar(in_quotes)),
                _ => literal(&mut parts, byte),
            }
        }
        parts
    }

    fn dollar(&mut self, in_quotes: bool) -> WordPart {
        match self.rest[0] {
            b'(' => {
                self.next();
                WordPart::Command(command(self.until(")")))
            }
            b'{' => {
                self.next();
                self.braces(in_quotes)
            }
            _ => {
                let parameter = self.parameter(false);
                parameter_part(parameter, ParameterOp::Value)
            }
        }
    }

    fn parameter(&mut self, in_braces: bool) -> Parameter {
        let first = self.rest[0];
        let run = |text: &[u8], of: fn(&u8) -> bool| text.iter().take_while(|byte| of(byte)).count();
        let length = match first {
            b'0' => 1,
            b'1'..=b'9' if in_braces => run(self.rest, u8::is_ascii_digit),
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                run(self.rest, |byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            }
            _ => 1,
        };
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        match first {
            b'@' => Parameter::Special(Special::At),
            b'*' => Parameter::Special(Special::Star),
            b'#' => Parameter::Special(Special::Count),
            b'?' => Parameter::Special(Special::Status),
            b'-' => Parameter::Special(Special::Options),
            b'$' => Parameter::Special(Special::Pid),
            b'!' => Parameter::Special(Special::LastBackground),
            b'0' => Parameter::Special(Special::Zero),
            b'1'..=b'9' => Parameter::Positional(text.to_str().expect("digits").parse().expect("a number")),
            _ => Parameter::Variable(Name::new(text)),
        }
    }

    fn braces(&mut self, in_quotes: bool) -> WordPart {
        if self.rest[0] == b'#' && self.rest[1] != b'}' {
            self.next();
            let parameter = self.parameter(true);
            self.next();
            return parameter_part(parameter, ParameterOp::Length);
        }
        let parameter = self.parameter(true);
        let op = match self.next() {
            b'}' => return parameter_part(parameter, ParameterOp::Value),
            side @ (b'#' | b'%') => {
                let longest = self.rest[0] == side;
                if longest {
                    self.next();
                }
                let side = if side == b'#' { TrimSide::Prefix } else { TrimSide::Suffix };
                ParameterOp::Trim { side, longest, pattern: Box::new(pattern_word(self.parts(b"}", false))) }
            }
            b'/' => ParameterOp::Bad(Box::new("x/".into())),
            mut byte => {
                let colon = byte == b':';
                if colon {
                    byte = self.next();
                }
                let kind = match byte {
                    b'-' => SwitchKind::Default,
                    b'=' => SwitchKind::Assign,
                    b'?' => SwitchKind::Error,
                    _ => SwitchKind::Alternative,
                };
                ParameterOp::Switch { kind, colon, word: Box::new(word(self.parts(b"}", in_quotes))) }
            }
        };
        self.next();
        parameter_part(parameter, op)
    }
}

fn literal(parts: &mut Vec<WordPart>, byte: u8) {
    match parts.last_mut() {
        Some(WordPart::Literal(text)) => *text = [&text[..], &[byte]].concat().into(),
        _ => parts.push(WordPart::Literal([byte].into())),
    }
}

pub fn parameter_part(parameter: Parameter, op: ParameterOp) -> WordPart {
    WordPart::Parameter(Box::new(ParameterExpansion { parameter, op, line: LineNumber(7) }))
}

fn command(text: &[u8]) -> Rc<CommandSubstitution> {
    let word = Word::literal(text);
    let simple = SimpleCommand {
        assignments: Rare::default(),
        words: Words::from(Box::from([word])),
        redirects: Rare::default(),
        slot: Slot::default(),
        line: LineNumber(1),
    };
    let first = Pipeline { negated: false, timed: None, commands: vec![Command::Simple(simple)].into() };
    let item = ListItem { and_or: Rc::new(AndOr { first, rest: Rare::default() }), background: false };
    Rc::new(CommandSubstitution { body: List { items: vec![item].into() }, line: LineNumber(1) })
}

/// `$((text))` whose expression is `expression`.
pub fn arithmetic(source: &str, expression: Option<Expression>) -> Arithmetic {
    Arithmetic { text: quoted(source), expression }
}
