//! What expansion asks the shell: [`Scope`] for [`Shell`].

use crate::exec::substitute;
use crate::expand::Scope;
use crate::fields::Ifs;
use crate::shell::vars::{append_integer, slot};
use crate::shell::{Opt, Shell};
use crate::status::{Error, Flow};
use crate::syntax::ast::{CommandSubstitution, Name, Special};
use bstr::{BStr, BString, ByteSlice};
use std::rc::Rc;

impl Scope for Shell {
    #[inline]
    fn variable(&mut self, name: &Name) -> Option<&BStr> {
        let slot = self.vars.slot(name);
        self.vars.get(slot)
    }

    #[inline]
    fn integer(&mut self, name: &Name) -> Result<i64, Box<Error>> {
        let slot = self.vars.slot(name);
        self.vars.integer(slot)
    }

    #[inline]
    fn is_set(&mut self, name: &Name) -> bool {
        let slot = self.vars.slot(name);
        self.vars.at(slot).value().is_some()
    }

    #[inline]
    fn assign(&mut self, name: &Name, value: &[u8]) -> Result<(), Error> {
        let slot = self.vars.slot(name);
        self.vars.set(slot, value)
    }

    #[inline]
    fn assign_integer(&mut self, name: &Name, value: i64) -> Result<(), Error> {
        let slot = self.vars.slot(name);
        self.vars.set_integer(slot, value)
    }

    #[inline]
    fn positional(&self, n: usize) -> Option<&BStr> {
        self.params.get(n)
    }

    #[inline]
    fn positional_count(&self) -> usize {
        self.params.count()
    }

    fn special(&mut self, special: Special, out: &mut Vec<u8>) -> bool {
        match special {
            Special::Status => append_integer(out, i64::from(self.status.0)),
            Special::Options => out.extend_from_slice(self.options.letters().as_bytes()),
            Special::Pid => append_integer(out, i64::from(self.pid)),
            Special::Zero => out.extend_from_slice(&self.params.zero),
            Special::Count => append_integer(out, self.params.count() as i64),
            Special::LastBackground => match self.jobs.last_background() {
                Some(pid) => append_integer(out, i64::from(pid.as_raw())),
                None => return false,
            },
            Special::At | Special::Star => return false,
        }
        true
    }

    #[inline]
    fn ifs(&self) -> &Ifs {
        self.vars.ifs()
    }

    #[inline]
    fn utf8(&self) -> bool {
        self.vars.utf8()
    }

    #[inline]
    fn no_glob(&self) -> bool {
        self.options.has(Opt::NoGlob)
    }

    #[inline]
    fn no_unset(&self) -> bool {
        self.options.has(Opt::NoUnset)
    }

    fn home(&mut self, user: &BStr) -> Option<BString> {
        if user.is_empty() {
            return self.vars.get(slot::HOME).map(|home| home.to_owned());
        }
        // getpwnam in a static executable loads shared libraries, if it works at all: the file itself is what there is.
        let accounts = std::fs::read("/etc/passwd").ok()?;
        accounts.lines().find_map(|line| {
            let mut columns = line.split(|&byte| byte == b':');
            (columns.next() == Some(user.as_bytes())).then(|| columns.nth(4).map(BString::from)).flatten()
        })
    }

    fn substitute(&mut self, command: &Rc<CommandSubstitution>, out: &mut Vec<u8>) -> Result<(), Flow> {
        substitute::command(self, command, out)
    }

    #[inline]
    fn at_line(&mut self, line: u32) {
        self.vars.line = line;
    }
}
