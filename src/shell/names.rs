//! Names and their slots: a name is looked up once, and is an index into a table ever after.

use bstr::{BStr, BString, ByteSlice};
use std::collections::HashMap;

/// Names, numbered in the order in which they came.
#[derive(Debug, Default)]
pub struct Names {
    names: Vec<BString>,
    slots: HashMap<BString, u32>,
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
