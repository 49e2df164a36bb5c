//! Names and their slots: a name is looked up once, and is an index into a table ever after.

use crate::sys::entry;
use bstr::{BStr, BString, ByteSlice};
use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

/// Names, numbered in the order in which they came.
#[derive(Debug, Default)]
pub struct Names {
    names: Vec<BString>,
    slots: HashMap<BString, u32, Seed>,
}

impl Names {
    /// The slot of a name, if it has one.
    pub fn find(&self, name: &[u8]) -> Option<u32> {
        self.slots.get(name.as_bstr()).copied()
    }

    /// Give the next slot to a name that has none.
    pub fn add(&mut self, name: &[u8]) -> u32 {
        let slot = self.names.len() as u32;
        self.names.push(BString::from(name));
        self.slots.insert(BString::from(name), slot);
        slot
    }

    /// The name of a slot.
    pub fn name(&self, slot: u32) -> &BStr {
        self.names[slot as usize].as_bstr()
    }

    /// All names in the order of their slots.
    pub fn iter(&self) -> impl Iterator<Item = &BStr> {
        self.names.iter().map(|name| name.as_bstr())
    }
}

/// Where hashes begin: differently in each process, so that nobody can choose names that all have the same.
#[derive(Clone, Debug)]
pub struct Seed(u64);

impl Default for Seed {
    fn default() -> Self {
        Self(entry::seed())
    }
}

impl BuildHasher for Seed {
    type Hasher = Hash;

    fn build_hasher(&self) -> Hash {
        Hash(self.0)
    }
}

/// A hash for short texts, of which the library's own one takes longer than everything else that is done with them: eight bytes at a
/// time, each mixed by a multiplication whose upper half is folded into the lower one.
pub struct Hash(u64);

impl Hash {
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

impl Hasher for Hash {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        if !rest.is_empty() {
            self.mix(rest.iter().fold(rest.len() as u64, |word, &byte| word << 8 | u64::from(byte)));
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.0 = self.0.rotate_left(5) ^ number as u64;
    }

    fn write_u8(&mut self, number: u8) {
        self.mix(u64::from(number));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
