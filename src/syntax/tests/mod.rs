//! Tests of the parser: texts in, trees and messages out.

mod errors;
mod lines;
mod words;

use super::ast::{Command, List, SimpleCommand, Word};
use super::*;
use bstr::ByteSlice;
use std::collections::BTreeMap;

/// Aliases of a test.
#[derive(Default)]
struct Aliases(BTreeMap<&'static str, &'static str>);

impl AliasLookup for Aliases {
    fn alias(&self, name: &BStr) -> Option<&BStr> {
        self.0.get(std::str::from_utf8(name).ok()?).map(|value| BStr::new(*value))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// All commands of a text.
fn parse_with(aliases: &dyn AliasLookup, text: impl AsRef<[u8]>) -> Result<Vec<List>, ParseError> {
    let (mut parser, pools) = (Parser::of_text(text.as_ref(), 1), Pools::default());
    std::iter::from_fn(|| parser.next_command(aliases, &pools).transpose()).collect()
}

fn parse(text: impl AsRef<[u8]>) -> Vec<List> {
    let text = text.as_ref();
    parse_with(&NoAliases, text).unwrap_or_else(|error| unreachable!("{:?}: {error:?}", text.as_bstr()))
}

fn error_of(text: &str) -> SyntaxError {
    match parse_with(&NoAliases, text) {
        Err(ParseError::Syntax(error)) => error,
        other => unreachable!("{text:.60?} has no syntax error: {}", other.is_ok()),
    }
}

/// What the commands are, on one line.
fn printed(lists: &[List]) -> String {
    lists.iter().map(|list| print::list(list).to_string().replace('\n', " ")).collect::<String>().trim_end().to_owned()
}

/// The only command of a text.
fn simple(text: &str) -> SimpleCommand {
    match &parse(text)[..] {
        [List { items }] => match &items[0].and_or.first.commands[..] {
            [Command::Simple(simple)] => simple.clone(),
            other => unreachable!("{other:?}"),
        },
        other => unreachable!("{other:?}"),
    }
}

/// The words of a command.
fn words(text: &str) -> Vec<Word> {
    simple(text).words.to_vec()
}
