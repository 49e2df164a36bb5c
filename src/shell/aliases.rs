//! Aliases (XCU 2.3.1): shared until they are changed, so that a subshell inside this process costs nothing.

use crate::syntax::AliasLookup;
use bstr::{BStr, BString, ByteSlice};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The aliases, sorted by name.
#[derive(Clone, Debug, Default)]
pub struct Aliases(Rc<BTreeMap<BString, BString>>);

impl Aliases {
    /// The value of an alias.
    pub fn get(&self, name: &BStr) -> Option<&BStr> {
        if self.0.is_empty() { None } else { self.0.get(name).map(|value| value.as_bstr()) }
    }

    /// Define an alias.
    pub fn set(&mut self, name: &BStr, value: &BStr) {
        Rc::make_mut(&mut self.0).insert(name.to_owned(), value.to_owned());
    }

    /// Remove an alias; false if there is none.
    pub fn remove(&mut self, name: &BStr) -> bool {
        self.0.contains_key(name) && Rc::make_mut(&mut self.0).remove(name).is_some()
    }

    /// Remove all.
    pub fn clear(&mut self) {
        self.0 = Rc::default();
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&BStr, &BStr)> {
        self.0.iter().map(|(name, value)| (name.as_bstr(), value.as_bstr()))
    }
}

impl AliasLookup for Aliases {
    fn alias(&self, name: &BStr) -> Option<&BStr> {
        self.get(name)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
