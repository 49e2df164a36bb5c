//! Reads the grammar files: as much of ISO 14977 as they use.

use std::collections::BTreeMap;

/// What stands to the right of a `=`.
#[derive(Clone, Debug)]
pub enum Node {
    /// `a | b`
    Choice(Vec<Node>),
    /// `a , b`
    Sequence(Vec<Node>),
    /// `{ a }`
    Repeat(Box<Node>),
    /// `[ a ]`
    Option(Box<Node>),
    /// `"a"`
    Terminal(String),
    /// `a`
    Name(String),
    /// `? words ?`
    Special(String),
    /// `a - b`
    Except(Box<Node>, Box<Node>),
    /// `a (*+*)`: beyond the standard.
    Extension(Box<Node>),
}

/// A production.
#[derive(Clone, Debug)]
pub struct Production {
    /// The file it stands in, without `.ebnf`.
    pub file: String,
    /// Whether it stands among the terminals, which have no function.
    pub is_terminal: bool,
    /// The text, with single blanks.
    pub text: String,
    /// What it means.
    pub node: Node,
}

/// All productions of some files, by name.
pub type Grammar = BTreeMap<String, Production>;

/// Read the text of a file into a grammar.
pub fn read(grammar: &mut Grammar, file: &str, text: &str) {
    let (with_functions, terminals) = text.split_once("(* Terminals").unwrap_or((text, ""));
    for (text, is_terminal) in [(with_functions, false), (terminals, true)] {
        let text = if is_terminal { text.split_once("*)").map_or("", |(_, behind)| behind) } else { text };
        let mut tokens = Tokens { rest: text };
        while let Some(token) = tokens.next() {
            let Token::Name(name) = token else { panic!("{file}: a name expected, not {token:?}") };
            assert_eq!(tokens.next(), Some(Token::Symbol('=')), "{file}: {name}");
            let start = tokens.rest;
            let node = tokens.choice();
            let body = &start[..start.len() - tokens.rest.len()];
            assert_eq!(tokens.next(), Some(Token::Symbol(';')), "{file}: {name}");
            let text = format!("{name} = {} ;", body.split_whitespace().collect::<Vec<_>>().join(" "));
            let production = Production { file: file.into(), is_terminal, text, node };
            assert!(grammar.insert(name.clone(), production).is_none(), "{file}: {name} is there twice");
        }
    }
}

/// The same grammar with `prefix` before all names, for use with another that has some of the same names.
pub fn prefixed(grammar: &Grammar, prefix: &str) -> Grammar {
    let rename = |(name, production): (&String, &Production)| {
        let mut production = production.clone();
        prefix_node(&mut production.node, prefix);
        (format!("{prefix}{name}"), production)
    };
    grammar.iter().map(rename).collect()
}

fn prefix_node(node: &mut Node, prefix: &str) {
    match node {
        Node::Choice(nodes) | Node::Sequence(nodes) => nodes.iter_mut().for_each(|node| prefix_node(node, prefix)),
        Node::Repeat(node) | Node::Option(node) | Node::Extension(node) => prefix_node(node, prefix),
        Node::Except(node, except) => {
            prefix_node(node, prefix);
            prefix_node(except, prefix);
        }
        Node::Name(name) => name.insert_str(0, prefix),
        Node::Terminal(_) | Node::Special(_) => {}
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Terminal(String),
    Special(String),
    Symbol(char),
    /// `(*+*)`
    Plus,
}

struct Tokens<'t> {
    rest: &'t str,
}

impl Tokens<'_> {
    fn next(&mut self) -> Option<Token> {
        loop {
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix("(*+*)") {
                self.rest = rest;
                return Some(Token::Plus);
            }
            match self.rest.strip_prefix("(*") {
                Some(comment) => self.rest = comment.split_once("*)").expect("a comment's end").1,
                None => break,
            }
        }
        let first = self.rest.chars().next()?;
        let behind = &self.rest[first.len_utf8()..];
        match first {
            '"' | '\'' | '?' => {
                let (text, rest) = behind.split_once(first).expect("a closing quote");
                self.rest = rest;
                Some(if first == '?' { Token::Special(text.trim().into()) } else { Token::Terminal(text.into()) })
            }
            first if first.is_ascii_alphabetic() => {
                let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(self.rest.len());
                let (name, rest) = self.rest.split_at(end);
                self.rest = rest;
                Some(Token::Name(name.into()))
            }
            symbol => {
                self.rest = behind;
                Some(Token::Symbol(symbol))
            }
        }
    }

    fn eat(&mut self, token: &Token) -> bool {
        let before = self.rest;
        let found = self.next().as_ref() == Some(token);
        if !found {
            self.rest = before;
        }
        found
    }

    fn choice(&mut self) -> Node {
        let mut choices = vec![self.sequence()];
        while self.eat(&Token::Symbol('|')) {
            choices.push(self.sequence());
        }
        if choices.len() == 1 { choices.remove(0) } else { Node::Choice(choices) }
    }

    fn sequence(&mut self) -> Node {
        let mut elements = vec![self.marked()];
        while self.eat(&Token::Symbol(',')) {
            elements.push(self.marked());
        }
        if elements.len() == 1 { elements.remove(0) } else { Node::Sequence(elements) }
    }

    fn marked(&mut self) -> Node {
        let mut node = self.element();
        if self.eat(&Token::Symbol('-')) {
            node = Node::Except(Box::new(node), Box::new(self.element()));
        }
        if self.eat(&Token::Plus) { Node::Extension(Box::new(node)) } else { node }
    }

    fn element(&mut self) -> Node {
        match self.next().expect("an element") {
            Token::Name(name) => Node::Name(name),
            Token::Terminal(text) => Node::Terminal(text),
            Token::Special(text) => Node::Special(text),
            Token::Symbol(open @ ('(' | '[' | '{')) => {
                let inner = self.choice();
                let close = match open {
                    '(' => ')',
                    '[' => ']',
                    _ => '}',
                };
                assert_eq!(self.next(), Some(Token::Symbol(close)), "before {:.40}", self.rest);
                match open {
                    '(' => inner,
                    '[' => Node::Option(Box::new(inner)),
                    _ => Node::Repeat(Box::new(inner)),
                }
            }
            other => panic!("an element expected, not {other:?} before {:.40}", self.rest),
        }
    }
}
