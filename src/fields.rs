//! [`Fields`]: the fields of one command, as expansion makes them and as builtins, functions and `execve` take them.
//!
//! All fields stand in one buffer, each followed by a NUL. A command therefore costs no allocation once the buffer
//! has grown, `execve`'s argument vector can point into it, and a function's positional parameters are the buffer itself.

use bstr::{BStr, ByteSlice};
use std::rc::Rc;

/// A list of byte strings in one buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// The fields' bytes, each field followed by a NUL; behind the last NUL the field that is being built.
    bytes: Vec<u8>,
    /// For each finished field the index of its NUL.
    ends: Vec<usize>,
}

impl Fields {
    /// No fields.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), ends: Vec::new() }
    }

    /// Forget the fields and keep the memory.
    #[inline]
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// How many fields are finished.
    #[inline]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no finished field.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Where field `index` begins; for `index == len()` where the field that is being built begins.
    #[inline]
    fn start(&self, index: usize) -> usize {
        if index == 0 { 0 } else { self.ends[index - 1] + 1 }
    }

    /// The field at `index`, if there are so many.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&BStr> {
        let end = *self.ends.get(index)?;
        Some(self.bytes[self.start(index)..end].as_bstr())
    }

    /// The fields in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &BStr> + ExactSizeIterator + '_ {
        (0..self.len()).map(|index| self.bytes[self.start(index)..self.ends[index]].as_bstr())
    }

    /// The fields from `first` on, in order; none if there are not so many.
    pub fn iter_from(&self, first: usize) -> impl DoubleEndedIterator<Item = &BStr> + ExactSizeIterator + '_ {
        (first.min(self.len())..self.len()).map(|index| self.bytes[self.start(index)..self.ends[index]].as_bstr())
    }

    /// Add a whole field.
    #[inline]
    pub fn push(&mut self, field: &[u8]) {
        self.bytes.extend_from_slice(field);
        self.finish();
    }

    /// The buffer, to append to the field that is being built.
    #[inline]
    pub fn open(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// The bytes of the field that is being built.
    #[inline]
    pub fn pending(&self) -> &[u8] {
        &self.bytes[self.start(self.len())..]
    }

    /// Make what was appended since the last field a field.
    #[inline]
    pub fn finish(&mut self) {
        self.ends.push(self.bytes.len());
        self.bytes.push(0);
    }

    /// Throw away the bytes of the field that is being built.
    pub fn abandon(&mut self) {
        let start = self.start(self.len());
        self.bytes.truncate(start);
    }

    /// Forget the fields from `len` on and what is being built.
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.bytes.truncate(self.start(len));
            self.ends.truncate(len);
        } else {
            self.abandon();
        }
    }

    /// The address of each field's first byte, for an argument vector: every field ends with a NUL.
    /// The addresses are good until the fields change.
    pub fn c_pointers_from(&self, first: usize) -> impl Iterator<Item = *const std::ffi::c_char> + '_ {
        (first..self.len()).map(|index| self.bytes[self.start(index)..].as_ptr().cast())
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for Fields {
    fn from_iter<I: IntoIterator<Item = T>>(fields: I) -> Self {
        let mut all = Self::new();
        all.extend(fields);
        all
    }
}

impl<T: AsRef<[u8]>> Extend<T> for Fields {
    fn extend<I: IntoIterator<Item = T>>(&mut self, fields: I) {
        fields.into_iter().for_each(|field| self.push(field.as_ref()));
    }
}

/// Buffers of fields that are not in use. They are shared as soon as they have become parameters, so they are counted from the start.
#[derive(Debug, Default)]
pub struct Buffers(Vec<Rc<Fields>>);

impl Buffers {
    /// An empty buffer, which nobody else has.
    #[inline]
    pub fn take(&mut self) -> Rc<Fields> {
        self.0.pop().unwrap_or_default()
    }

    /// Give a buffer up. It is kept for the next command, unless somebody still has it: then it is his.
    #[inline]
    pub fn give(&mut self, mut buffer: Rc<Fields>) {
        if let Some(fields) = Rc::get_mut(&mut buffer) {
            fields.clear();
            self.0.push(buffer);
        }
    }
}

/// The separators of fields: the value of IFS, prepared (XCU 2.6.5).
#[derive(Clone, Debug)]
pub struct Ifs {
    /// What each byte is. Bytes of a multi-byte separator are `Separator::Lead`.
    table: [Separator; 256],
    /// Which bytes are separators or wildcards of pathnames, one bit for each: most values have none of them.
    special: [u8; 256],
    /// Separators of more than one byte (UTF-8 characters).
    long: Vec<Vec<u8>>,
    /// The first character of IFS: what joins `"$*"`. `None` when IFS is empty.
    first: Option<Vec<u8>>,
    splits_numbers: bool,
}

/// What a byte is for field splitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// Part of a field.
    No,
    /// IFS white space: a run of it is one separator, and none at the ends.
    White,
    /// Any other character of IFS: each one ends a field.
    Other,
    /// The first byte of a character of IFS that has several bytes: see [`Ifs::separator_at`].
    Lead,
}

impl Ifs {
    const SEPARATOR: u8 = 1;
    const WILDCARD: u8 = 2;

    /// Prepare the value of IFS; `None` means unset: blank, tab, newline. With `utf8` its characters are those of
    /// UTF-8, else bytes.
    pub fn new(value: Option<&[u8]>, utf8: bool) -> Self {
        let value = value.unwrap_or(b" \t\n");
        let mut table = [Separator::No; 256];
        let mut long = Vec::new();
        let mut first = None;
        let mut rest = value;
        while !rest.is_empty() {
            let length = if utf8 { character_length(rest) } else { 1 };
            let (character, behind) = rest.split_at(length);
            if first.is_none() {
                first = Some(character.to_vec());
            }
            table[usize::from(character[0])] = match character {
                [b' ' | b'\t' | b'\n' | b'\x0b' | b'\x0c' | b'\r'] => Separator::White,
                [_] => Separator::Other,
                _ => {
                    long.push(character.to_vec());
                    Separator::Lead
                }
            };
            rest = behind;
        }
        let mut special = table.map(|kind| if kind == Separator::No { 0 } else { Self::SEPARATOR });
        b"*?[".iter().for_each(|&wildcard| special[usize::from(wildcard)] |= Self::WILDCARD);
        let splits_numbers = b"0123456789+-".iter().any(|&byte| table[usize::from(byte)] != Separator::No);
        Self { table, special, long, first, splits_numbers }
    }

    /// What kind of separator begins `text`, and its length in bytes. `text` is not empty.
    #[inline]
    pub fn separator_at(&self, text: &[u8]) -> (Separator, usize) {
        match self.table[usize::from(text[0])] {
            Separator::Lead => match self.long.iter().find(|character| text.starts_with(character)) {
                Some(character) => (Separator::Other, character.len()),
                None => (Separator::No, 1),
            },
            kind => (kind, 1),
        }
    }

    /// What the byte is by itself.
    #[inline]
    pub fn byte(&self, byte: u8) -> Separator {
        self.table[usize::from(byte)]
    }

    /// The first character of IFS; empty when IFS is empty.
    #[inline]
    pub fn first(&self) -> &[u8] {
        self.first.as_deref().unwrap_or_default()
    }

    /// Whether the text has no separator and, if that matters, no wildcard.
    #[inline]
    pub fn is_single(&self, text: &[u8], wildcards: bool) -> bool {
        let wanted = if wildcards { Self::SEPARATOR | Self::WILDCARD } else { Self::SEPARATOR };
        text.iter().fold(0, |seen, &byte| seen | self.special[usize::from(byte)]) & wanted == 0
    }

    /// Whether a digit or a sign is a separator.
    #[inline]
    pub fn splits_numbers(&self) -> bool {
        self.splits_numbers
    }

    /// Whether IFS is set to the empty string: no splitting takes place.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

/// The length in bytes of the UTF-8 character that begins `text` (not empty); 1 where there is none.
pub fn character_length(text: &[u8]) -> usize {
    match bstr::decode_utf8(text) {
        (Some(_), length) => length,
        (None, _) => 1,
    }
}
