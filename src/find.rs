//! Finding a byte in a short text: a word, a name, a line of a script. No system calls.
//!
//! The memchr crate is faster in long texts and is used there. But before its first search it asks the processor what it can do, by
//! seven CPUID instructions, which a virtual machine hands to its host: 10 to 50 us there, a tenth of the time that the shell needs for
//! a script of a few lines. What every script does, above all the parser, therefore searches here.

/// How many bytes are compared at once: the compiler makes two instructions of it.
const BLOCK: usize = 16;

/// The index of the first `wanted` byte.
#[inline]
pub fn byte(wanted: u8, text: &[u8]) -> Option<usize> {
    any([wanted], text)
}

/// The index of the first byte that is one of these.
#[inline]
pub fn any<const N: usize>(wanted: [u8; N], text: &[u8]) -> Option<usize> {
    // No short cut inside a block, or it could not be compared at once.
    let is_wanted = |byte: u8| wanted.iter().fold(false, |found, &one| found | (byte == one));
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let before = blocks.iter().position(|block| block.iter().fold(false, |found, &byte| found | is_wanted(byte)));
    let (start, last) = match before {
        Some(index) => (index * BLOCK, &blocks[index][..]),
        None => (text.len() - rest.len(), rest),
    };
    last.iter().position(|&byte| is_wanted(byte)).map(|at| start + at)
}

/// The index of the last `wanted` byte.
#[inline]
pub fn last(wanted: u8, text: &[u8]) -> Option<usize> {
    let (rest, blocks) = text.as_rchunks::<BLOCK>();
    let found = blocks.iter().rposition(|block| block.iter().fold(false, |found, &byte| found | (byte == wanted)));
    let (start, first) = match found {
        Some(index) => (rest.len() + index * BLOCK, &blocks[index][..]),
        None => (0, rest),
    };
    first.iter().rposition(|&byte| byte == wanted).map(|at| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first one is found, wherever it stands, and not one behind it; the last one likewise.
    #[test]
    fn the_first_and_the_last_are_found_at_every_place() {
        for length in 0..70 {
            let mut text = vec![b'.'; length];
            assert_eq!(any([b'/', b'*', b'['], &text), None);
            for at in (0..length).rev() {
                text[at] = b'*';
                assert_eq!(any([b'/', b'*', b'['], &text), Some(at));
                assert_eq!(byte(b'*', &text), Some(at));
                assert_eq!(byte(b'/', &text), None);
                let mirrored: Vec<u8> = text.iter().rev().copied().collect();
                assert_eq!(last(b'*', &mirrored), Some(length - 1 - at));
                assert_eq!(last(b'/', &mirrored), None);
            }
        }
    }
}
