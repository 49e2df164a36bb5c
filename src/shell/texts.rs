//! Texts that are executed again and again, by `eval` or as the action of a trap, and the commands that they are.
//!
//! A table with a few places for each of some hashes: a text that comes later takes the place of the oldest one there. It therefore never
//! grows, and a script that executes ever new texts loses nothing but a copy of each.

use crate::shell::names::Seed;
use crate::syntax::ast::List;
use std::hash::BuildHasher;
use std::ops::Range;
use std::rc::Rc;

/// So many are kept.
const PLACES: usize = 256;

/// So many of those whose hashes end alike.
const ALIKE: usize = 4;

/// Longer texts are not kept.
const LONGEST: usize = 256;

/// The table.
#[derive(Debug, Default)]
pub struct Texts {
    /// Empty until there is something to keep.
    places: Vec<Option<Kept>>,
    seed: Seed,
}

#[derive(Debug)]
struct Kept {
    text: Box<[u8]>,
    /// The number of its first line: the tree has numbers of lines in it.
    line: u32,
    commands: Rc<List>,
}

impl Texts {
    /// Where a text can be.
    fn places(&self, text: &[u8]) -> Range<usize> {
        let first = self.seed.hash_one(text) as usize % (PLACES / ALIKE) * ALIKE;
        first..first + ALIKE
    }

    /// The commands of a text that begins on this line, if it is known.
    pub fn find(&self, text: &[u8], line: u32) -> Option<Rc<List>> {
        if self.places.is_empty() || text.len() > LONGEST {
            return None;
        }
        let mut near = self.places[self.places(text)].iter().flatten();
        near.find(|kept| kept.line == line && *kept.text == *text).map(|kept| Rc::clone(&kept.commands))
    }

    /// Keep the commands of a text.
    pub fn keep(&mut self, text: &[u8], line: u32, commands: &Rc<List>) {
        if text.len() > LONGEST {
            return;
        }
        if self.places.is_empty() {
            self.places.resize_with(PLACES, || None);
        }
        let range = self.places(text);
        let near = &mut self.places[range];
        near.rotate_right(1);
        near[0] = Some(Kept { text: text.into(), line, commands: Rc::clone(commands) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_on_its_line_until_another_takes_its_place() {
        let mut texts = Texts::default();
        let commands = Rc::new(List::default());
        assert!(texts.find(b"a", 1).is_none());
        texts.keep(b"a", 1, &commands);
        assert!(texts.find(b"a", 1).is_some());
        assert!(texts.find(b"a", 2).is_none() && texts.find(b"b", 1).is_none());
        texts.keep(&[b'x'; LONGEST + 1], 1, &commands);
        assert!(texts.find(&[b'x'; LONGEST + 1], 1).is_none());
        for number in 0..10_000 {
            texts.keep(format!("x{number}").as_bytes(), 1, &commands);
        }
        assert!(texts.find(b"x9999", 1).is_some());
        assert_eq!(texts.places.len(), PLACES);
        assert!(Rc::strong_count(&commands) <= PLACES + 1);
    }
}
