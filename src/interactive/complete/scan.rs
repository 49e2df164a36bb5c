//! Where the cursor is: in which word, in which quotes, of which command.
//!
//! The text before the cursor is seldom a whole command, so it is not parsed but scanned: quotes, separators and expansions
//! are followed just far enough to know what a word at its end would be.

/// The quotes around the cursor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quote {
    /// None.
    #[default]
    None,
    /// `'`
    Single,
    /// `"`
    Double,
}

/// What stands before the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Where the word begins.
    pub start: usize,
    /// The quotes that are open.
    pub quote: Quote,
    /// The words of the command before this one, without their quotes.
    pub words: Vec<String>,
    /// The word is the file of a redirection.
    pub is_redirection: bool,
}

/// Words behind which a command begins.
const COMMAND_BEGINS: &[&str] = &["if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"];

#[derive(Default)]
struct Scanner {
    place: Place,
    word: String,
    in_word: bool,
    outer: Vec<(Place, String)>,
}

impl Scanner {
    fn end_word(&mut self) {
        if self.in_word {
            let word = std::mem::take(&mut self.word);
            let first = self.place.words.is_empty();
            let assignment = first && is_assignment(&word);
            let begins = first && COMMAND_BEGINS.contains(&&word[..]);
            if !(self.place.is_redirection || assignment || begins) {
                self.place.words.push(word);
            }
            self.place.is_redirection = false;
        }
        self.in_word = false;
    }

    fn begin_command(&mut self, start: usize) {
        self.word.clear();
        self.in_word = false;
        self.place = Place { start, ..Place::default() };
    }

    fn begin_word(&mut self, start: usize) {
        if !self.in_word {
            self.in_word = true;
            self.place.start = start;
        }
    }

    fn push(&mut self, at: usize, character: char) {
        self.begin_word(at);
        self.word.push(character);
    }

    /// `$(` or a backquote: a command begins inside the word.
    fn enter(&mut self, start: usize) {
        self.outer.push((std::mem::take(&mut self.place), std::mem::take(&mut self.word)));
        self.begin_command(start);
    }

    fn leave(&mut self) {
        if let Some((place, word)) = self.outer.pop() {
            (self.place, self.word, self.in_word) = (place, word, true);
        }
    }
}

/// `name=`, with which no command begins.
pub fn is_assignment(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or_default();
    name.len() < word.len() && crate::shell::vars::is_name(name.as_bytes())
}

/// Scan the text up to the cursor.
pub fn scan(text: &str) -> Place {
    let mut scanner = Scanner::default();
    let mut characters = text.char_indices().peekable();
    let mut backquotes = 0;
    while let Some((at, character)) = characters.next() {
        match (scanner.place.quote, character) {
            (Quote::Single, '\'') | (Quote::Double, '"') => scanner.place.quote = Quote::None,
            (Quote::None, '\'') => {
                scanner.begin_word(at);
                scanner.place.quote = Quote::Single;
            }
            (Quote::None, '"') => {
                scanner.begin_word(at);
                scanner.place.quote = Quote::Double;
            }
            (Quote::None | Quote::Double, '$') if characters.peek().is_some_and(|&(_, next)| next == '(') => {
                scanner.push(at, '$');
                characters.next();
                scanner.enter(at + 2);
            }
            (Quote::None | Quote::Double, '`') => {
                scanner.begin_word(at);
                if backquotes % 2 == 0 {
                    scanner.enter(at + 1)
                } else {
                    scanner.leave()
                }
                backquotes += 1;
            }
            (Quote::None, ')') if !scanner.outer.is_empty() => scanner.leave(),
            (Quote::None | Quote::Double, '\\') => {
                scanner.begin_word(at);
                if let Some((_, escaped)) = characters.next() {
                    scanner.word.push(escaped);
                }
            }
            (Quote::None, ' ' | '\t') => {
                scanner.end_word();
                scanner.place.start = at + 1;
            }
            (Quote::None, ';' | '&' | '|' | '(' | ')' | '\n') => {
                scanner.end_word();
                scanner.begin_command(at + 1);
            }
            (Quote::None, '<' | '>') => {
                if scanner.word.chars().all(|digit| digit.is_ascii_digit()) {
                    scanner.word.clear();
                    scanner.in_word = false;
                }
                scanner.end_word();
                scanner.place.is_redirection = true;
                scanner.place.start = at + 1;
                // `>&`, `>|` and `<<` are one operator.
                while let Some((next, _)) = characters.next_if(|&(_, next)| matches!(next, '<' | '>' | '&' | '|')) {
                    scanner.place.start = next + 1;
                }
            }
            (_, character) => scanner.push(at, character),
        }
    }
    if !scanner.in_word {
        scanner.place.start = text.len();
    }
    scanner.place
}

/// The last word of a command, in its quotes.
pub fn last_word(text: &str) -> &str {
    let mut rest = text.trim_end();
    loop {
        let word = &rest[scan(rest).start..];
        // Behind an operator there is none.
        let Some((operator, _)) = rest.char_indices().next_back().filter(|_| word.is_empty()) else { return word };
        rest = rest[..operator].trim_end();
    }
}

/// A word without its quotes.
pub fn unquote(raw: &str) -> String {
    let mut quote = Quote::None;
    let mut text = String::new();
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Quote::None, '\'') => quote = Quote::Single,
            (Quote::None, '"') => quote = Quote::Double,
            (Quote::Single, '\'') | (Quote::Double, '"') => quote = Quote::None,
            (Quote::None | Quote::Double, '\\') => text.extend(characters.next()),
            (_, character) => text.push(character),
        }
    }
    text
}

/// The quotes that are open at the end of a part of a word.
pub fn quote_after(raw: &str) -> Quote {
    scan(raw).quote
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> (Vec<String>, &str) {
        let place = scan(text);
        (place.words, &text[place.start..])
    }

    #[test]
    fn the_word_and_its_command_are_found() {
        assert_eq!(words("ls -l fo"), (vec!["ls".into(), "-l".into()], "fo"));
        assert_eq!(words("a; b c\\ d"), (vec!["b".into()], "c\\ d"));
        assert_eq!(words("x=1 git "), (vec!["git".into()], ""));
        assert_eq!(words("if tr"), (vec![], "tr"));
        assert_eq!(words("echo \"$(ca"), (vec![], "ca"));
        assert_eq!(words("echo $(ls) b"), (vec!["echo".into(), "$".into()], "b"));
        assert_eq!(words("cat 2>er"), (vec!["cat".into()], "er"));
        assert!(scan("cat <in").is_redirection);
        assert_eq!(scan("echo 'a b").quote, Quote::Single);
        assert_eq!(words("echo 'a b").1, "'a b");
    }

    #[test]
    fn the_last_word_is_found() {
        assert_eq!(last_word("echo a 'b  c' "), "'b  c'");
        assert_eq!(last_word("(echo a\\ b) &"), "a\\ b");
        assert_eq!(last_word("echo $(ls -l)"), "$(ls -l)");
        assert_eq!(last_word(" ; "), "");
    }
}
