//! Field splitting (XCU 2.6.5): the sink that makes fields of a word.
//!
//! Only results of unquoted expansions are split, never literal or quoted text, and a separator ends a field without
//! beginning another one. The field that is being built stands at the end of [`Fields`]; which of its bytes are quoted is kept
//! beside it, because pathname expansion wants to know that at the end of the word.

use super::eval::{self, Place};
use super::sink::{Joined, Mark, Sink, push_quoted};
use super::{Scope, glob};
use crate::fields::{Fields, Ifs, Separator};
use crate::status::{Error, Failure};
use crate::syntax::ast::Word;

/// Expand a word to fields.
pub(super) fn word<S: Scope>(scope: &mut S, word: &Word, out: &mut Fields) -> Result<(), Failure> {
    let mut splitter = Splitter::new(out, !scope.no_glob());
    eval::parts(scope, &mut splitter, &word.parts, Place::Source)?;
    splitter.end_word(scope.utf8())?;
    Ok(())
}

/// Whether `text`, the result of an unquoted expansion, is one field (or none, if it is empty) as it stands.
#[inline]
pub fn is_single<S: Scope>(scope: &S, text: &[u8]) -> bool {
    scope.ifs().is_single(text, !scope.no_glob())
}

/// Whether an unquoted byte makes a field a pattern for pathnames.
#[inline]
fn is_wildcard(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'[')
}

/// Makes fields.
struct Splitter<'a> {
    out: &'a mut Fields,
    /// The quoted parts of the field that is being built, as indices into the buffer.
    quoted: Ranges,
    /// The field that is being built exists even if it is empty.
    exists: bool,
    /// White space has just ended a field: another separator behind it belongs to it.
    after_white: bool,
    /// The field that is being built has an unquoted wildcard.
    wildcard: bool,
    /// Pathname expansion is to be done.
    glob: bool,
    /// Finished fields that are patterns: their index, and the text of the pattern.
    patterns: Vec<(usize, Vec<u8>)>,
    /// `"$@"` in the current double quotes had no fields.
    vanished: bool,
}

impl<'a> Splitter<'a> {
    fn new(out: &'a mut Fields, glob: bool) -> Self {
        Self {
            out,
            quoted: Ranges::default(),
            exists: false,
            after_white: false,
            wildcard: false,
            glob,
            patterns: Vec::new(),
            vanished: false,
        }
    }

    /// Whether there is a field to be finished.
    #[inline]
    fn has_field(&self) -> bool {
        self.exists || !self.out.pending().is_empty()
    }

    /// Finish the field that is being built; it may be empty.
    fn finish(&mut self) {
        if self.wildcard {
            let start = self.out.open().len() - self.out.pending().len();
            let pattern = self.quoted.pattern(self.out.pending(), start);
            self.patterns.push((self.out.len(), pattern));
            self.wildcard = false;
        }
        self.out.finish();
        self.quoted.clear();
        self.exists = false;
    }

    /// The word ends here: its last field, and pathname expansion.
    fn end_word(&mut self, utf8: bool) -> Result<(), Error> {
        if self.has_field() {
            self.finish();
        }
        let Some(&(first, _)) = self.patterns.first() else { return Ok(()) };
        let fields: Fields = self.out.iter_from(first).collect();
        self.out.truncate(first);
        let mut patterns = std::mem::take(&mut self.patterns).into_iter().peekable();
        for (index, field) in fields.iter().enumerate() {
            match patterns.next_if(|&(at, _)| at == first + index) {
                Some((_, pattern)) if glob::expand(&pattern, utf8, self.out)? => {}
                _ => self.out.push(field),
            }
        }
        Ok(())
    }

    /// Unquoted text that is not split was appended from `from` on.
    #[inline]
    fn notice(&mut self, from: usize) {
        if self.glob && !self.wildcard {
            self.wildcard = self.out.open()[from..].iter().any(|&byte| is_wildcard(byte));
        }
        self.after_white = false;
    }

    /// A separator stands here.
    fn separator(&mut self, white: bool) {
        if self.has_field() {
            self.finish();
            self.after_white = white;
        } else if !white {
            if !self.after_white {
                self.finish();
            }
            self.after_white = false;
        }
    }

    /// Split `text`, which is the result of an unquoted expansion.
    fn split(&mut self, ifs: &Ifs, mut text: &[u8]) {
        while !text.is_empty() {
            let (length, kind) = next_separator(ifs, text);
            let (plain, rest) = text.split_at(length);
            if !plain.is_empty() {
                let from = self.out.open().len();
                self.out.open().extend_from_slice(plain);
                self.notice(from);
            }
            let Some((white, length)) = kind else { return };
            self.separator(white);
            text = &rest[length..];
        }
    }
}

/// How far it is to the next separator in `text`; whether that is white space, and its length.
#[inline]
fn next_separator(ifs: &Ifs, text: &[u8]) -> (usize, Option<(bool, usize)>) {
    let mut at = 0;
    while let Some(ahead) = text[at..].iter().position(|&byte| ifs.byte(byte) != Separator::No) {
        at += ahead;
        match ifs.separator_at(&text[at..]) {
            (Separator::No, length) => at += length,
            (Separator::White, length) => return (at, Some((true, length))),
            (_, length) => return (at, Some((false, length))),
        }
    }
    (text.len(), None)
}

impl Sink for Splitter<'_> {
    #[inline]
    fn buffer(&mut self) -> &mut Vec<u8> {
        self.out.open()
    }

    fn literal(&mut self, text: &[u8]) {
        let from = self.out.open().len();
        self.out.open().extend_from_slice(text);
        self.notice(from);
    }

    fn quoted(&mut self, from: usize) {
        let to = self.out.open().len();
        if from < to {
            self.after_white = false;
            if self.glob {
                self.quoted.add(from, to);
            }
        }
    }

    fn result<S: Scope>(&mut self, scope: &S, from: usize) {
        let ifs = scope.ifs();
        let text = &self.out.open()[from..];
        if text.is_empty() {
            return;
        }
        match next_separator(ifs, text) {
            (_, None) => self.notice(from),
            (length, Some(_)) => {
                let rest = text[length..].to_vec();
                self.out.open().truncate(from + length);
                if length > 0 {
                    self.notice(from);
                }
                self.split(ifs, &rest);
            }
        }
    }

    fn between<S: Scope>(&mut self, scope: &S, joined: Joined) {
        if joined == Joined::QuotedStar {
            let from = self.out.open().len();
            self.out.open().extend_from_slice(scope.ifs().first());
            self.quoted(from);
            return;
        }
        let quoted = joined == Joined::QuotedAt;
        if quoted || self.has_field() {
            self.finish();
        }
        self.exists = quoted;
        self.after_white = false;
    }

    fn open_quotes(&mut self) -> Mark {
        let vanished = std::mem::replace(&mut self.vanished, false);
        Mark { fields: self.out.len(), length: self.out.open().len(), vanished }
    }

    fn close_quotes(&mut self, mark: Mark) {
        let nothing = self.vanished && self.out.len() == mark.fields && self.out.open().len() == mark.length;
        if !nothing {
            self.exists = true;
            self.after_white = false;
        }
        self.vanished = mark.vanished || nothing;
    }

    fn vanish(&mut self, yes: bool) -> bool {
        std::mem::replace(&mut self.vanished, yes)
    }
}

/// Ranges of indices in ascending order. The first few cost no memory.
#[derive(Default)]
struct Ranges {
    few: [(usize, usize); 4],
    count: usize,
    more: Vec<(usize, usize)>,
}

impl Ranges {
    fn clear(&mut self) {
        self.count = 0;
        self.more.clear();
    }

    fn add(&mut self, from: usize, to: usize) {
        match self.few.get_mut(self.count) {
            Some(place) => {
                *place = (from, to);
                self.count += 1;
            }
            None => self.more.push((from, to)),
        }
    }

    /// The text of a pattern: `text`, which begins at index `start`, with backslashes in the quoted ranges.
    fn pattern(&self, text: &[u8], start: usize) -> Vec<u8> {
        let mut pattern = Vec::with_capacity(text.len() + 8);
        let mut at = 0;
        for &(from, to) in self.few[..self.count].iter().chain(&self.more) {
            pattern.extend_from_slice(&text[at..from - start]);
            push_quoted(&mut pattern, &text[from - start..to - start]);
            at = to - start;
        }
        pattern.extend_from_slice(&text[at..]);
        pattern
    }
}
