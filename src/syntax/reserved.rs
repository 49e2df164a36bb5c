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
    let near = &cursor.rest()[..cursor.rest().len().min(LONGEST + 1)];
    let length = near.iter().position(|&byte| ends_word(byte) || byte == b'\\').unwrap_or(near.len());
    if near.get(length) == Some(&b'\\') {
        return continued(cursor);
    }
    let word = Reserved::of(&near[..length])?;
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
