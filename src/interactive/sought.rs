//! Texts that are searched for in the history: without regard to case, unless there is a capital letter in what is searched for.

use std::ops::Range;

/// A text that is searched for.
#[derive(Clone, Copy, Debug)]
pub struct Sought<'a> {
    text: &'a str,
    /// Case counts.
    exact: bool,
}

impl<'a> Sought<'a> {
    /// As the user typed it.
    pub fn new(text: &'a str) -> Self {
        Self { text, exact: text.chars().any(char::is_uppercase) }
    }

    /// The bytes of its occurrence at the start of another text.
    pub fn at_start(self, of: &str) -> Option<usize> {
        let mut rest = of.chars();
        let all = self.text.chars().all(|wanted| rest.next().is_some_and(|other| self.same(wanted, other)));
        all.then(|| of.len() - rest.as_str().len())
    }

    /// Its first occurrence in another text.
    pub fn first(self, of: &str) -> Option<Range<usize>> {
        self.among(of, of.char_indices().map(|(at, _)| at).chain([of.len()]))
    }

    /// Its last occurrence in another text.
    pub fn last(self, of: &str) -> Option<Range<usize>> {
        self.among(of, [of.len()].into_iter().chain(of.char_indices().rev().map(|(at, _)| at)))
    }

    fn among(self, of: &str, mut places: impl Iterator<Item = usize>) -> Option<Range<usize>> {
        places.find_map(|at| self.at_start(&of[at..]).map(|length| at..at + length))
    }

    fn same(self, wanted: char, other: char) -> bool {
        // What is searched for has no capitals here.
        let equal_without_case = || match other.is_ascii() {
            true => other.to_ascii_lowercase() == wanted,
            false => other.to_lowercase().eq([wanted]),
        };
        wanted == other || !self.exact && equal_without_case()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capital_makes_case_count() {
        for (wanted, text, first, last) in [
            ("make", "Make make", Some(0..4), Some(5..9)),
            ("Make", "make Make", Some(5..9), Some(5..9)),
            ("MAKE", "make Make", None, None),
            ("é", "aÉé", Some(1..3), Some(3..5)),
            ("", "x", Some(0..0), Some(1..1)),
            ("x", "", None, None),
            ("1a", "1A", Some(0..2), Some(0..2)),
        ] {
            let sought = Sought::new(wanted);
            assert_eq!((sought.first(text), sought.last(text)), (first, last), "{wanted} in {text}");
        }
        assert_eq!(Sought::new("ab").at_start("ABC"), Some(2));
        assert_eq!(Sought::new("ab").at_start("A"), None);
    }
}
