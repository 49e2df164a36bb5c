//! History expansion at the prompt, as in csh, bash (HISTORY EXPANSION) and zsh: `!!`, `!$`, `!make`, `^old^new^` and their kin.
//!
//! ```text
//! expansion = "!" event [ designator ] { modifier }
//! event     = "!" | number | "-" number | string | "?" string [ "?" ] | "#" | (* the command before, in front of a designator *)
//! designator = ":" ( range | "%" ) | "^" | "$" | "*"
//! range     = position [ "-" [ position ] | "*" ] | "-" [ position ] | "*"
//! position  = number | "^" | "$"
//! modifier  = ":" ( "h" | "t" | "r" | "e" | "p" | "q" | [ "g" ] ( "s/old/new/" | "&" ) )
//! ```
//!
//! Nothing is expanded in single quotes, comments, here-documents, arithmetic and `${ }`, behind a backslash, a `$` or a `[`, or where
//! what stands behind `!` is none of these: `!=`, `! command`, `"Hello!"` and `!(` are what they seem.

use crate::interactive::text::{to_bytes, to_text};
use crate::quote::quote;
use crate::shell::history::History;
use crate::shell::{Opt, Shell};
use crate::syntax::marks::{self, Kind};
use std::fmt;
use std::ops::Range;

/// The texts of the last `s/old/new/`, which `&` means.
pub type Substitution = (String, String);

/// A line after its expansion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expanded {
    /// The line.
    pub text: String,
    /// `:p`: show it and do not execute it.
    pub only_shown: bool,
}

/// Why a line cannot be expanded: the place in it, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The expansion, or a part of it.
    pub place: Range<usize>,
    /// The reason.
    pub reason: Reason,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is no such event.
    NoEvent,
    /// The command has no such words.
    NoWord,
    /// What is to be replaced does not occur.
    NotReplaced,
    /// There was no substitution that `&` could repeat.
    NoSubstitution,
    /// No modifier has this letter.
    NoModifier,
}

impl fmt::Display for Reason {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NoEvent => "no such command in the history",
            Self::NoWord => "the command has no such word",
            Self::NotReplaced => "nothing to replace",
            Self::NoSubstitution => "no substitution before",
            Self::NoModifier => "no such modifier",
        })
    }
}

/// A place of a line and what stands there afterwards.
type Piece = (Range<usize>, String);

/// Whether lines are expanded when they are entered: `set -H`, but never in POSIX mode.
pub fn are_expanded(shell: &Shell) -> bool {
    shell.options.has(Opt::HistExpand) && !shell.options.has(Opt::Posix)
}

/// Expand a line; `None` if there is nothing to expand in it. What stands before `from` was expanded before, and stays.
///
/// # Errors
/// [`Refused`]: nothing is to be executed.
pub fn expand(
    line: &str,
    from: usize,
    history: &History,
    last: &mut Option<Substitution>,
) -> Result<Option<Expanded>, Refused> {
    if !may_have_expansions(line, from) {
        return Ok(None);
    }
    let mut only_shown = false;
    let pieces = pieces(line, from, history, last, &mut only_shown)?;
    if pieces.is_empty() {
        return Ok(None);
    }
    let mut text = line.to_owned();
    for (range, meaning) in pieces.into_iter().rev() {
        text.replace_range(range, &meaning);
    }
    Ok(Some(Expanded { text, only_shown }))
}

/// The places of a line that will be expanded, for its colours; and the one that cannot be.
pub fn places(line: &str, from: usize, history: &History) -> (Vec<Range<usize>>, Option<Range<usize>>) {
    if !may_have_expansions(line, from) {
        return Default::default();
    }
    match pieces(line, from, history, &mut None, &mut false) {
        Ok(pieces) => (pieces.into_iter().map(|(range, _)| range).collect(), None),
        Err(refused) => (Vec::new(), Some(refused.place)),
    }
}

/// Whether it is worth looking closer: most lines have no `!`, or only those of `! command` and `!=`.
fn may_have_expansions(line: &str, from: usize) -> bool {
    let is_other = |next: u8| next.is_ascii_whitespace() || matches!(next, b'=' | b'(' | b'"');
    let bytes = &line.as_bytes()[from..];
    let begins = |at: usize| bytes.get(at + 1).is_some_and(|&next| !is_other(next));
    from == 0 && line.starts_with('^') || memchr::memchr_iter(b'!', bytes).any(begins)
}

fn pieces(
    line: &str,
    from: usize,
    history: &History,
    last: &mut Option<Substitution>,
    only_shown: &mut bool,
) -> Result<Vec<Piece>, Refused> {
    let mut reader = Reader { line, at: 0, history, last, only_shown, sought: None };
    if line.starts_with('^') && from == 0 {
        return reader.quick().map(|piece| vec![piece]);
    }
    let mut passed = passed_over(line).into_iter().peekable();
    let mut pieces: Vec<Piece> = Vec::new();
    let (mut single, mut double) = (false, false);
    // In `$'...'` a backslash quotes also a quote. In `$(...)` quotes begin anew: what is around it comes back at its end.
    let (mut escapes, mut behind_dollar) = (false, false);
    let (mut around, mut depth) = (Vec::new(), 0_usize);
    while let Some(character) = reader.peek() {
        while passed.next_if(|range| range.end <= reader.at).is_some() {}
        if let Some(range) = passed.next_if(|range| range.contains(&reader.at)) {
            reader.at = range.end;
            continue;
        }
        let start = reader.at;
        reader.at += character.len_utf8();
        let behind_dollar = std::mem::replace(&mut behind_dollar, character == '$' && !single);
        match character {
            '\\' if !single || escapes => reader.at += reader.peek().map_or(0, char::len_utf8),
            '\'' if !double => {
                single = !single;
                escapes = single && behind_dollar;
            }
            '"' if !single => double = !double,
            '(' if !single && behind_dollar => {
                around.push((double, depth));
                (double, depth) = (false, 0);
            }
            '(' if !single && !double => depth += 1,
            ')' if !single && !double && depth > 0 => depth -= 1,
            ')' if !single && !double => (double, depth) = around.pop().unwrap_or_default(),
            '!' if start >= from
                && !single
                && !line[..start].ends_with(['$', '['])
                && !line[..start].ends_with("${") =>
            {
                match reader.expansion(start, &pieces)? {
                    Some(meaning) => pieces.push((start..reader.at, meaning)),
                    None => reader.at = start + 1,
                }
            }
            _ => {}
        }
    }
    Ok(pieces)
}

/// Where `!` has a meaning of its own, or none: ranges in the order of their beginnings.
fn passed_over(line: &str) -> Vec<Range<usize>> {
    let is_passed = |mark: &marks::Mark| match mark.kind {
        Kind::Comment | Kind::HereDocument => true,
        Kind::Expansion => line.get(mark.start..).is_some_and(|text| text.starts_with("$((") || text.starts_with("${")),
        _ => false,
    };
    let marks = marks::of(line.as_bytes());
    let mut ranges: Vec<_> = marks.iter().filter(|mark| is_passed(mark)).map(|mark| mark.start..mark.end).collect();
    ranges.sort_by_key(|range| range.start);
    ranges
}

struct Reader<'a> {
    line: &'a str,
    at: usize,
    history: &'a History,
    last: &'a mut Option<Substitution>,
    only_shown: &'a mut bool,
    /// What `?string?` has searched for: an empty `old` means it.
    sought: Option<String>,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.line[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, text: &str) -> bool {
        let taken = self.rest().starts_with(text);
        self.at += if taken { text.len() } else { 0 };
        taken
    }

    fn take_while(&mut self, mut belongs: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let text = &rest[..rest.find(|character| !belongs(character)).unwrap_or(rest.len())];
        self.at += text.len();
        text
    }

    fn number(&mut self) -> Option<usize> {
        let digits = self.take_while(|character| character.is_ascii_digit());
        (!digits.is_empty()).then(|| digits.parse().unwrap_or(usize::MAX))
    }

    fn refuse<T>(&self, start: usize, reason: Reason) -> Result<T, Refused> {
        Err(Refused { place: start..self.at, reason })
    }

    /// `^old^new^` at the start of a line.
    fn quick(&mut self) -> Result<Piece, Refused> {
        let Some(text) = newest(self.history) else {
            self.at = self.line.len();
            return self.refuse(0, Reason::NoEvent);
        };
        let text = self.substituted(&text, 0, false)?;
        let text = self.modified(text, 0)?;
        Ok((0..self.at, text))
    }

    /// What stands behind a `!`; `None` if it is no expansion.
    fn expansion(&mut self, start: usize, before: &[Piece]) -> Result<Option<String>, Refused> {
        let mut by_name = false;
        let event = match self.peek() {
            Some('!') => {
                self.at += 1;
                newest(self.history)
            }
            Some('#') => {
                self.at += 1;
                let mut text = self.line[..start].to_owned();
                before.iter().rev().for_each(|(range, meaning)| text.replace_range(range.clone(), meaning));
                Some(text)
            }
            Some('^' | '$' | '*') => newest(self.history),
            Some(':') if self.rest()[1..].starts_with(|c: char| c.is_ascii_digit() || "^$*-%htrepqsg&".contains(c)) => {
                newest(self.history)
            }
            Some('-') if self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => {
                self.at += 1;
                let back = self.number().unwrap_or_default();
                let commands = self.history.commands();
                commands.checked_sub(back).filter(|_| back > 0).and_then(|index| text_of(self.history, index))
            }
            Some('0'..='9') => {
                let number = self.number().unwrap_or_default();
                let index = u64::try_from(number).ok().and_then(|number| self.history.index_of(number));
                index.and_then(|index| text_of(self.history, index))
            }
            Some('?') if self.rest()[1..].starts_with(|c: char| c != '?' && !c.is_whitespace()) => {
                self.at += 1;
                let sought = self.take_while(|character| character != '?' && character != '\n');
                self.take("?");
                self.sought = Some(sought.to_owned());
                find(self.history, |text| text.contains(sought))
            }
            Some(first) if first.is_alphanumeric() || "_./~@+".contains(first) => {
                by_name = true;
                let ends = |character: char| character.is_whitespace() || ":;&()|<>\"'`$^*%\\".contains(character);
                let name = self.take_while(|character| !ends(character));
                find(self.history, |text| text.starts_with(name))
            }
            _ => return Ok(None),
        };
        let Some(event) = event else { return self.refuse(start, Reason::NoEvent) };
        let text = self.designated(event, start, by_name)?;
        self.modified(text, start).map(Some)
    }

    /// Those words of the command that a designator names; without one all of it.
    fn designated(&mut self, event: String, start: usize, by_name: bool) -> Result<String, Refused> {
        let colon = self.rest().strip_prefix(':');
        let first = colon.unwrap_or(self.rest()).chars().next();
        let is_designator = match first {
            Some('^' | '$' | '*') => true,
            Some('0'..='9' | '%') => colon.is_some(),
            // (`!apt-get` is a name.)
            Some('-') => {
                colon.is_some() || !by_name && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit() || c == '$')
            }
            _ => false,
        };
        if !is_designator {
            return Ok(event);
        }
        self.at += usize::from(colon.is_some());
        let words = words(&event);
        let end = words.len().saturating_sub(1);
        if self.take("%") {
            // The word that was searched for.
            let sought = self.sought.as_deref().unwrap_or_default();
            let word = words.iter().find(|word| !sought.is_empty() && word.contains(sought));
            return word.map_or_else(|| self.refuse(start, Reason::NoWord), |word| Ok((*word).to_owned()));
        }
        let from = if self.rest().starts_with('-') { Some(0) } else { self.position(end) };
        let range = match from {
            // `*` is no word, and no error, where there are none.
            None => {
                self.take("*");
                1..end + 1
            }
            Some(from) if self.take("*") => from..end + 1,
            Some(from) if self.take("-") => from..self.position(end).map_or(end, |to| to.saturating_add(1)),
            Some(from) => from..from.saturating_add(1),
        };
        match words.get(range.clone()) {
            Some(words) => Ok(words.join(" ")),
            None if range.start == words.len() && range.is_empty() => Ok(String::new()),
            None => self.refuse(start, Reason::NoWord),
        }
    }

    fn position(&mut self, end: usize) -> Option<usize> {
        match self.peek()? {
            '^' => self.take("^").then_some(1),
            '$' => self.take("$").then_some(end),
            _ => self.number(),
        }
    }

    fn modified(&mut self, mut text: String, start: usize) -> Result<String, Refused> {
        loop {
            let Some(letter) = self.rest().strip_prefix(':').and_then(|rest| rest.chars().next()) else {
                return Ok(text);
            };
            // `!$:` in front of anything else is a colon.
            if !letter.is_ascii_alphabetic() && letter != '&' {
                return Ok(text);
            }
            self.at += 1 + letter.len_utf8();
            let everywhere = letter == 'g';
            let letter = match everywhere {
                true => self.peek().filter(|next| matches!(next, 's' | '&')).inspect(|_| self.at += 1).unwrap_or('?'),
                false => letter,
            };
            match letter {
                'h' => text.truncate(text.rfind('/').unwrap_or(text.len())),
                't' => text = text[text.rfind('/').map_or(0, |slash| slash + 1)..].to_owned(),
                'r' => text.truncate(text.rfind('.').unwrap_or(text.len())),
                'e' => text = text[text.rfind('.').unwrap_or(0)..].to_owned(),
                'p' => *self.only_shown = true,
                'q' => text = to_text(&quote(&to_bytes(&text))),
                's' => text = self.substituted(&text, start, everywhere)?,
                '&' => text = self.replaced(&text, start, everywhere)?,
                _ => return self.refuse(start, Reason::NoModifier),
            }
        }
    }

    /// `/old/new/`, with any character for the slashes; the last one may be missing at the end of the line.
    fn substituted(&mut self, text: &str, start: usize, everywhere: bool) -> Result<String, Refused> {
        let Some(delimiter) = self.peek().filter(|character| *character != '\n') else {
            return self.refuse(start, Reason::NoModifier);
        };
        self.at += delimiter.len_utf8();
        let old = self.part(delimiter, None);
        let old = match (&old[..], &self.sought, &self.last) {
            ("", Some(sought), _) => sought.clone(),
            ("", None, Some((before, _))) => before.clone(),
            _ => old,
        };
        let new = self.part(delimiter, Some(&old));
        *self.last = Some((old, new));
        self.replaced(text, start, everywhere)
    }

    /// Up to the delimiter, behind a backslash it is a character; in the new text `&` is the old one.
    fn part(&mut self, delimiter: char, old: Option<&str>) -> String {
        let mut part = String::new();
        while let Some(character) = self.peek().filter(|character| *character != '\n') {
            self.at += character.len_utf8();
            match (character, self.peek(), old) {
                (character, _, _) if character == delimiter => break,
                ('\\', Some(next), old) if next == delimiter || old.is_some() && next == '&' => {
                    self.at += next.len_utf8();
                    part.push(next);
                }
                ('&', _, Some(old)) => part.push_str(old),
                _ => part.push(character),
            }
        }
        part
    }

    fn replaced(&self, text: &str, start: usize, everywhere: bool) -> Result<String, Refused> {
        match &self.last {
            None => self.refuse(start, Reason::NoSubstitution),
            Some((old, _)) if old.is_empty() || !text.contains(&old[..]) => self.refuse(start, Reason::NotReplaced),
            Some((old, new)) if everywhere => Ok(text.replace(&old[..], new)),
            Some((old, new)) => Ok(text.replacen(&old[..], new, 1)),
        }
    }
}

fn text_of(history: &History, index: usize) -> Option<String> {
    history.get(index).map(|entry| to_text(&entry.text))
}

fn newest(history: &History) -> Option<String> {
    text_of(history, history.commands().checked_sub(1)?)
}

fn find(history: &History, fits: impl Fn(&str) -> bool) -> Option<String> {
    let texts = (0..history.commands()).rev().filter_map(|index| text_of(history, index));
    let mut fitting = texts.filter(|text| fits(text));
    fitting.next()
}

/// The words of a command as they were typed, its operators among them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let length = operator_length(rest).unwrap_or_else(|| word_length(rest));
        let (word, behind) = rest.split_at(length);
        words.push(word);
        rest = behind.trim_start();
    }
    words
}

fn operator_length(text: &str) -> Option<usize> {
    const OPERATORS: &[&str] =
        &["<<<", "<<-", "&&", "||", ";;", "<<", ">>", "<&", ">&", "&>", "<>", ">|", ";", "&", "|", "<", ">", "(", ")"];
    let found = OPERATORS.iter().find(|operator| text.starts_with(**operator))?;
    (!text.starts_with("<(") && !text.starts_with(">(")).then_some(found.len())
}

fn word_length(text: &str) -> usize {
    let mut quote = None;
    let mut depth = 0usize;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|&(_, next)| next);
        match (quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') | (Some('`'), '`') => quote = None,
            (None | Some('"' | '`'), '\\') => drop(characters.next()),
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '$' | '<' | '>') if next == Some('(') => {
                depth += 1;
                characters.next();
            }
            (None, '(') if depth > 0 => depth += 1,
            (None, ')') if depth > 0 => depth -= 1,
            (None, character) if depth == 0 && (character.is_whitespace() || ";&|<>()".contains(character)) => {
                return at;
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMANDS: [&str; 5] = [
        "make 'a b' x.c",
        "ls -l /usr/lib/libfoo.so.1 > out",
        "echo one two three",
        "git commit -m \"a b\" && sleep 1 &",
        "cc -o prog main.c",
    ];

    fn expanded(line: &str) -> Result<Option<Expanded>, Refused> {
        let mut history = History::default();
        for command in COMMANDS {
            history.add(command.as_bytes());
        }
        expand(line, 0, &history, &mut None)
    }

    /// All but those marked otherwise are what bash 5.2 makes of these lines.
    #[test]
    fn lines_are_expanded_as_in_bash() {
        for (line, wanted) in [
            ("!!", "cc -o prog main.c"),
            ("!1", "make 'a b' x.c"),
            ("!-2", "git commit -m \"a b\" && sleep 1 &"),
            ("sudo !ls", "sudo ls -l /usr/lib/libfoo.so.1 > out"),
            ("!?two?", "echo one two three"),
            ("!?two", "echo one two three"),
            ("!?a b?:1", "commit"),
            ("!?two?:%", "two"),
            ("!echo$", "three"),
            ("!echo:1-2", "one two"),
            ("!echo:2*", "two three"),
            ("!echo:2-", "two"),
            ("!echo:-2", "echo one two"),
            ("!echo:*", "one two three"),
            ("!git:*", "commit -m \"a b\" && sleep 1 &"),
            ("!git:3-4", "\"a b\" &&"),
            ("!git$", "&"),
            ("!^", "-o"),
            ("!*", "-o prog main.c"),
            ("!$", "main.c"),
            ("!:0 -O2 !:1-$", "cc -O2 -o prog main.c"),
            ("!!-2", "cc -o prog"),
            ("!1:1", "'a b'"),
            ("!ls:2:h", "/usr/lib"),
            ("!ls:2:t", "libfoo.so.1"),
            ("!ls:2:r", "/usr/lib/libfoo.so"),
            ("!ls:2:e", ".1"),
            ("!ls:2:t:r", "libfoo.so"),
            ("!!:t !!:h", "cc -o prog main.c cc -o prog main.c"),
            ("!ls:2:s/lib/LIB/", "/usr/LIB/libfoo.so.1"),
            ("!ls:2:gs/lib/[&]", "/usr/[lib]/[lib]foo.so.1"),
            ("!!:s,main,a/b,", "cc -o prog a/b.c"),
            ("!!:s/main/a\\/b/ !!:&", "cc -o prog a/b.c cc -o prog a/b.c"),
            ("!?two?:s//2/", "echo one 2 three"),
            ("^main^other", "cc -o prog other.c"),
            ("^main^other^ -x", "cc -o prog other.c -x"),
            ("a!! \"!!\"", "acc -o prog main.c \"cc -o prog main.c\""),
            ("echo $(!!)", "echo $(cc -o prog main.c)"),
            ("echo a !#", "echo a echo a "),
            ("scp !$ there:", "scp main.c there:"),
            // bash takes the hyphen for a designator, so that no such name is ever found.
            ("!ls-", ""),
        ] {
            let found = expanded(line);
            match wanted {
                "" => assert!(found.is_err(), "{line}"),
                wanted => {
                    assert_eq!(found.map(|found| found.map(|found| found.text)), Ok(Some(wanted.into())), "{line}")
                }
            }
        }
        assert_eq!(expanded("!!:p"), Ok(Some(Expanded { text: COMMANDS[4].into(), only_shown: true })));
    }

    #[test]
    fn what_only_looks_like_an_expansion_stays() {
        for line in [
            "! true",
            "[ a != b ]",
            "echo Hello!",
            "echo \"Hello!\" wow!",
            "echo '!!'",
            "echo \\!!",
            "kill $!",
            "echo ${!x} ${x#!!}",
            "ls [!a]* !(b)",
            "echo $((!x)) $(( !x ))",
            "a !; b !& !| !)",
            "cat <<E\n!!\nE",
            "# it's !!",
            "echo a:!: !, !]",
            "a^b^c",
            "x!",
            "echo \"$(echo '!!' \"'x'\" '!!')\"",
            "echo $'it\\'s !!' '!!'",
            "echo \"\\$(\" '!!'",
            "echo \"$(case x in (x) echo '!!'; esac)\"",
        ] {
            assert_eq!(expanded(line), Ok(None), "{line}");
        }
    }

    #[test]
    fn what_was_expanded_is_not_expanded_again() {
        let mut history = History::default();
        history.add(b": 'a !! b'");
        let expand = |line, from| expand(line, from, &history, &mut None).map(|found| found.map(|found| found.text));
        assert_eq!(expand(": \"!!\n", 0), Ok(Some(": \": 'a !! b'\n".into())));
        assert_eq!(expand(": \": 'a !! b'\nx\"", 15), Ok(None));
        assert_eq!(expand(": \"!!\n!:0", 6), Ok(Some(": \"!!\n:".into())));
        assert_eq!(expand("^a\n!:0", 3), Ok(Some("^a\n:".into())));
    }

    #[test]
    fn what_is_not_found_is_said() {
        for (line, place, reason) in [
            ("echo !nosuch x", "!nosuch", Reason::NoEvent),
            ("!99", "!99", Reason::NoEvent),
            ("!-9", "!-9", Reason::NoEvent),
            ("!?nosuch?", "!?nosuch?", Reason::NoEvent),
            ("!git:8", "!git:8", Reason::NoWord),
            ("!!:z", "!!:z", Reason::NoModifier),
            ("!!:s/nosuch/x/", "!!:s/nosuch/x/", Reason::NotReplaced),
            ("!!:&", "!!:&", Reason::NoSubstitution),
            ("^nosuch^x", "^nosuch^x", Reason::NotReplaced),
        ] {
            let refused = expanded(line).err();
            let said = refused.map(|refused| (&line[refused.place], refused.reason));
            assert_eq!(said, Some((place, reason)), "{line}");
        }
        assert!(expand("!!", 0, &History::default(), &mut None).is_err());
        assert!(expand("^a^b", 0, &History::default(), &mut None).is_err());
    }
}
