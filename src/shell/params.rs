//! `$0` and the positional parameters (XCU 2.5.1).

use crate::fields::Fields;
use bstr::{BStr, BString};
use std::rc::Rc;

/// The parameters of the script or of the current function. A copy is cheap: the fields are shared, and
/// `shift` only moves the first one.
#[derive(Clone, Debug, Default)]
pub struct Params {
    /// `$0`
    pub zero: Rc<BString>,
    /// Arguments; those before `first` are shifted out (or are the command's name).
    fields: Rc<Fields>,
    first: usize,
}

impl Params {
    /// `$n`, from 1.
    #[inline]
    pub fn get(&self, n: usize) -> Option<&BStr> {
        self.fields.get(n.checked_sub(1)?.checked_add(self.first)?)
    }

    /// `$#`
    #[inline]
    pub fn count(&self) -> usize {
        self.fields.len() - self.first
    }

    /// All, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &BStr> + ExactSizeIterator {
        self.fields.iter_from(self.first)
    }

    /// `shift n`; false if there are not so many.
    pub fn shift(&mut self, n: usize) -> bool {
        let enough = n <= self.count();
        if enough {
            self.first += n;
        }
        enough
    }

    /// Take `fields` without the first `skip` as the parameters; returns the old ones with their offset.
    pub fn replace(&mut self, fields: Rc<Fields>, skip: usize) -> (Rc<Fields>, usize) {
        let skip = skip.min(fields.len());
        (std::mem::replace(&mut self.fields, fields), std::mem::replace(&mut self.first, skip))
    }

    /// Put back what [`Params::replace`] returned; the current ones come back.
    pub fn restore(&mut self, old: (Rc<Fields>, usize)) -> Rc<Fields> {
        self.first = old.1;
        std::mem::replace(&mut self.fields, old.0)
    }
}
