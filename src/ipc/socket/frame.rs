//! Boundaries of messages on a byte stream. A pipe or a file has none, a datagram has: so that they survive, each message is followed by
//! a newline or a NUL, or preceded by its length (four bytes, the highest first, as in ONC RPC's record marking and most protocols).

/// How boundaries are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// A newline behind each message.
    Line,
    /// A NUL behind each message.
    Nul,
    /// The length before each message.
    Length,
}

/// The longest message that the length may announce: more than any datagram can hold.
const LONGEST: usize = 1 << 24;

/// What [`Framing::next`] found at the beginning of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A message at these places, and where the next one begins.
    Message(std::ops::Range<usize>, usize),
    /// Not all of it is there.
    More,
    /// A length that no message has.
    Nonsense,
}

impl Framing {
    /// `line`, `nul` or `len`.
    pub fn by_name(name: &[u8]) -> Option<Self> {
        match name {
            b"line" => Some(Self::Line),
            b"nul" => Some(Self::Nul),
            b"len" => Some(Self::Length),
            _ => None,
        }
    }

    /// Append a message with its boundary.
    pub fn append(self, out: &mut Vec<u8>, message: &[u8]) {
        if self == Self::Length {
            // A datagram has at most 64 KiB, a record of a UNIX socket what its buffer holds.
            out.extend_from_slice(&(message.len() as u32).to_be_bytes());
        }
        out.extend_from_slice(message);
        match self {
            Self::Line => out.push(b'\n'),
            Self::Nul => out.push(0),
            Self::Length => {}
        }
    }

    /// The first message in `bytes`. At the end of the input (`all`) what has no delimiter behind it is a message too.
    pub fn next(self, bytes: &[u8], all: bool) -> Found {
        let delimiter = match self {
            Self::Line => b'\n',
            Self::Nul => 0,
            Self::Length => return length_framed(bytes),
        };
        match memchr::memchr(delimiter, bytes) {
            Some(at) => Found::Message(0..at, at + 1),
            None if all && !bytes.is_empty() => Found::Message(0..bytes.len(), bytes.len()),
            None => Found::More,
        }
    }
}

fn length_framed(bytes: &[u8]) -> Found {
    let Some((head, rest)) = bytes.split_first_chunk::<4>() else { return Found::More };
    let length = u32::from_be_bytes(*head) as usize;
    if length > LONGEST {
        Found::Nonsense
    } else if rest.len() < length {
        Found::More
    } else {
        Found::Message(4..4 + length, 4 + length)
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Framing};

    /// What goes in comes out, for every framing and every way of cutting the bytes.
    #[test]
    fn messages_survive() {
        let messages: [&[u8]; 4] = [b"one", b"", b"a longer one", b"x"];
        for framing in [Framing::Line, Framing::Nul, Framing::Length] {
            let mut bytes = Vec::new();
            messages.iter().for_each(|message| framing.append(&mut bytes, message));
            let mut rest = &bytes[..];
            for message in messages {
                for cut in 0..message.len() {
                    assert_eq!(framing.next(&rest[..cut], false), Found::More);
                }
                let Found::Message(place, behind) = framing.next(rest, false) else { unreachable!("{rest:?}") };
                assert_eq!(&rest[place], message);
                rest = &rest[behind..];
            }
            assert!(rest.is_empty());
        }
        assert_eq!(Framing::Line.next(b"half", true), Found::Message(0..4, 4));
        assert_eq!(Framing::Length.next(&[0, 0, 0, 9, 1], true), Found::More);
        assert_eq!(Framing::Length.next(&[255; 8], false), Found::Nonsense);
    }
}
