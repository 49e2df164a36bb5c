//! The reserved words (XCU 2.4). They are recognised only where the grammar looks for them.

use crate::syntax::cursor::Cursor;
use crate::syntax::marks::Kind;
use crate::syntax::parts::ends_word;

/// A reserved word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Reserved {
    Bang,
    BraceOpen,
    BraceClose,
    Case,
    Do,
    Done,
    Elif,
    Else,
    Esac,
    Fi,
    For,
    If,
    In,
    Then,
    Until,
    While,
}

impl Reserved {
    /// The reserved word with these letters.
    pub fn of(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"!" => Self::Bang,
            b"{" => Self::BraceOpen,
            b"}" => Self::BraceClose,
            b"case" => Self::Case,
            b"do" => Self::Do,
            b"done" => Self::Done,
            b"elif" => Self::Elif,
            b"else" => Self::Else,
            b"esac" => Self::Esac,
            b"fi" => Self::Fi,
            b"for" => Self::For,
            b"if" => Self::If,
            b"in" => Self::In,
            b"then" => Self::Then,
            b"until" => Self::Until,
            b"while" => Self::While,
            _ => return None,
        })
    }

    /// Whether it ends a list of commands.
    pub fn closes(self) -> bool {
        matches!(
            self,
            Self::BraceClose | Self::Do | Self::Done | Self::Elif | Self::Else | Self::Esac | Self::Fi | Self::Then
        )
    }
}

/// The cursor behind these letters, if they stand here.
pub fn letters<'a>(cursor: Cursor<'a>, letters: &[u8]) -> Option<Cursor<'a>> {
    letters.iter().try_fold(cursor, |at, &letter| at.eat(letter))
}

/// The longest one has this many letters.
const LONGEST: usize = 5;

/// The reserved word that stands here, and the cursor behind it.
#[inline]
pub fn reserved(cursor: Cursor<'_>) -> Option<(Reserved, Cursor<'_>)> {
    match cursor.rest().first()? {
        b'!' | b'{' | b'}' | b'c'..=b'f' | b'i' | b't' | b'u' | b'w' => word(cursor),
        b'\\' => continued(cursor),
        _ => None,
    }
}

fn word(cursor: Cursor<'_>) -> Option<(Reserved, Cursor<'_>)> {
    let rest = cursor.rest();
    let found = match rest {
        [b'!', ..] => Some((1, Reserved::Bang)),
        [b'{', ..] => Some((1, Reserved::BraceOpen)),
        [b'}', ..] => Some((1, Reserved::BraceClose)),
        [b'c', b'a', b's', b'e', ..] => Some((4, Reserved::Case)),
        [b'd', b'o', b'n', b'e', ..] => Some((4, Reserved::Done)),
        [b'd', b'o', ..] => Some((2, Reserved::Do)),
        [b'e', b'l', b'i', b'f', ..] => Some((4, Reserved::Elif)),
        [b'e', b'l', b's', b'e', ..] => Some((4, Reserved::Else)),
        [b'e', b's', b'a', b'c', ..] => Some((4, Reserved::Esac)),
        [b'f', b'i', ..] => Some((2, Reserved::Fi)),
        [b'f', b'o', b'r', ..] => Some((3, Reserved::For)),
        [b'i', b'f', ..] => Some((2, Reserved::If)),
        [b'i', b'n', ..] => Some((2, Reserved::In)),
        [b't', b'h', b'e', b'n', ..] => Some((4, Reserved::Then)),
        [b'u', b'n', b't', b'i', b'l', ..] => Some((5, Reserved::Until)),
        [b'w', b'h', b'i', b'l', b'e', ..] => Some((5, Reserved::While)),
        _ => None,
    };
    let whole = found.filter(|&(length, _)| rest.get(length).is_none_or(|&byte| ends_word(byte)));
    let Some((length, word)) = whole else {
        // A line continuation may stand in it.
        let near = &rest[..rest.len().min(LONGEST + 1)];
        return if near.contains(&b'\\') { continued(cursor) } else { None };
    };
    let behind = cursor.advance(length);
    cursor.mark(behind, Kind::Keyword);
    Some((word, behind))
}

/// The same with line continuations in it.
#[cold]
fn continued(mut cursor: Cursor<'_>) -> Option<(Reserved, Cursor<'_>)> {
    let mut word = [0u8; LONGEST];
    let mut length = 0;
    while let Some(byte) = cursor.peek().filter(|&byte| !ends_word(byte)) {
        *word.get_mut(length)? = byte;
        length += 1;
        cursor = cursor.advance(1);
    }
    Reserved::of(&word[..length]).map(|word| (word, cursor))
}

/// The cursor behind the reserved word `word`, if it comes next.
pub fn keyword(cursor: Cursor<'_>, word: Reserved) -> Option<Cursor<'_>> {
    reserved(cursor).filter(|(found, _)| *found == word).map(|(_, behind)| behind)
}
