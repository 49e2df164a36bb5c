//! Words to fields: the word expansions of XCU 2.6, in their order.
//!
//! Everything that is not text is asked of a small trait, [`Scope`].

use crate::fields::Ifs;
use crate::status::{Error, Flow};
use crate::syntax::ast::{CommandSubstitution, Name};
use bstr::{BStr, BString};
use std::rc::Rc;

/// What expansion needs to know of the shell.
pub trait Scope {
    /// The value of a variable, if it is set.
    fn variable(&mut self, name: &Name) -> Option<&BStr>;
    /// The value of a variable as an integer: `Ok(0)` when unset or empty; an error when it is not an integer constant.
    fn integer(&mut self, name: &Name) -> Result<i64, Error>;
    /// Whether a variable is set.
    fn is_set(&mut self, name: &Name) -> bool;
    /// Assign; an error when the variable is read-only.
    fn assign(&mut self, name: &Name, value: &[u8]) -> Result<(), Error>;
    /// Assign an integer; an error when the variable is read-only.
    fn assign_integer(&mut self, name: &Name, value: i64) -> Result<(), Error>;
    /// `$n`, from 1.
    fn positional(&self, n: usize) -> Option<&BStr>;
    /// `$#`
    fn positional_count(&self) -> usize;
    /// Append `$?`, `$-`, `$$`, `$!` or `$0` (not `$@`, `$*`, `$#`); false if it is not set (`$!`).
    fn special(&mut self, special: crate::syntax::ast::Special, out: &mut Vec<u8>) -> bool;
    /// The field separators.
    fn ifs(&self) -> &Ifs;
    /// Whether characters are those of UTF-8 or bytes.
    fn utf8(&self) -> bool;
    /// `set -f`
    fn no_glob(&self) -> bool;
    /// `set -u`
    fn no_unset(&self) -> bool;
    /// The home directory of `user`, or of the empty name: the value of HOME.
    fn home(&mut self, user: &BStr) -> Option<BString>;
    /// Execute a command substitution and append its output as it is; NULs and trailing newlines are removed by the caller.
    fn substitute(&mut self, command: &Rc<CommandSubstitution>, out: &mut Vec<u8>) -> Result<(), Flow>;
    /// Remember the line of what is being expanded, for messages and LINENO.
    fn at_line(&mut self, line: u32);
}
