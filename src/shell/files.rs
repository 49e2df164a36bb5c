//! The files that commands come from, which messages name. A number stands for each, so that a function can remember its own at no cost.

use crate::shell::names::Names;
use bstr::BStr;

/// All files that commands have come from, and the one that the current command was written in.
#[derive(Debug, Default)]
pub struct Files {
    names: Names,
    /// Where the current command was written: in a function the file that defines it, whoever calls. 0 is no file: `-c`, standard input, a prompt.
    pub current: u32,
}

impl Files {
    /// Go on with the commands of a file. Returns what [`Files::current`] was, and is to be again.
    pub fn begin(&mut self, path: &[u8]) -> u32 {
        let number = self.names.find(path).unwrap_or_else(|| self.names.add(path)) + 1;
        std::mem::replace(&mut self.current, number)
    }

    /// The name of the current file.
    pub fn name(&self) -> Option<&BStr> {
        self.current.checked_sub(1).map(|slot| self.names.name(slot))
    }
}
