//! Variables: a table of slots, found by name once and by index ever after.
//!
//! A variable keeps its text and, when it was assigned or read as one, its integer beside it. Two things put old
//! values back: a function's `local` variables at its return, and a subshell that runs inside this process at
//! its end ([`Vars::begin_subshell`]). Both keep `(slot, old variable)`; a subshell keeps a variable only at its first change.

use crate::fields::{Fields, Ifs};
use crate::find;
use crate::shell::names::Names;
use crate::status::Error;
use crate::syntax::ast::Name;
use bstr::{BStr, BString, ByteSlice};
use std::io::Write;

pub use crate::number::{append_integer, is_name, parse_decimal, parse_integer};

pub mod slot;

/// A variable.
#[derive(Clone, Debug, Default)]
pub struct Variable {
    /// The value; `None` when it is unset (it may still be exported or read-only).
    value: Option<BString>,
    /// The value as an integer, when that is known.
    integer: Option<i64>,
    /// It is passed to programs.
    pub exported: bool,
    /// The shell has set it by itself, and nobody has changed it.
    pub is_default: bool,
    /// It cannot be changed.
    pub readonly: bool,
    /// The number of the innermost subshell that has kept the old value.
    level: u32,
    /// How many old values [`Vars::make_local`] kept up to the last one of this variable; 0: none.
    local: usize,
}

impl Variable {
    /// The value, if it is set.
    pub fn value(&self) -> Option<&BStr> {
        self.value.as_ref().map(|value| value.as_bstr())
    }
}

/// All variables.
#[derive(Debug)]
pub struct Vars {
    table: Vec<Variable>,
    names: Names,
    /// Old values of `local` variables, newest last, each with whether LINENO was the line's number then; a function call remembers the
    /// length.
    locals: Vec<(u32, Variable, bool)>,
    /// Old values of what in-process subshells changed, newest last.
    journal: Vec<(u32, Variable)>,
    /// How many in-process subshells are open.
    level: u32,
    ifs: Ifs,
    utf8: bool,
    /// `set -a`: an assignment exports.
    pub export_all: bool,
    /// The value of LINENO that its slot shows when it is read.
    pub line: u32,
    /// Whether LINENO is still the shell's own: an assignment or `unset` ends that.
    lineno_is_live: bool,
    /// Counts assignments to PATH: cached program paths are good for one value.
    path_changes: u32,
    /// Set when OPTIND was assigned: `getopts` begins anew.
    pub optind_assigned: bool,
    /// Entries of the environment whose names are not names: handed on as they are.
    foreign: Vec<BString>,
    /// The environment for programs, when it is up to date.
    environment: Option<Fields>,
}

impl Default for Vars {
    fn default() -> Self {
        Self::new()
    }
}

impl Vars {
    /// The shell's own variables, all unset except IFS and OPTIND.
    pub fn new() -> Self {
        let mut vars = Self {
            table: Vec::with_capacity(64),
            names: Names::default(),
            locals: Vec::new(),
            journal: Vec::new(),
            level: 0,
            ifs: Ifs::new(None, false),
            utf8: false,
            export_all: false,
            line: 0,
            lineno_is_live: true,
            path_changes: 0,
            optind_assigned: true,
            foreign: Vec::new(),
            environment: None,
        };
        for name in slot::NAMES {
            vars.slot_of(name.as_bytes());
        }
        vars.table[slot::IFS as usize].value = Some(BString::from(" \t\n"));
        vars.table[slot::OPTIND as usize].value = Some(BString::from("1"));
        vars.table[slot::LINENO as usize].value = Some(BString::from("0"));
        vars
    }

    /// Take over the environment (XCU 2.5.3): every entry with a name becomes an exported variable; IFS is not taken.
    pub fn import(&mut self, entries: impl Iterator<Item = BString>) {
        for entry in entries {
            let Some(equals) = find::byte(b'=', &entry).filter(|&at| is_name(&entry[..at])) else {
                self.foreign.push(entry);
                continue;
            };
            let slot = self.slot_of(&entry[..equals]);
            if slot == slot::IFS || slot == slot::LINENO || slot == slot::PPID || slot == slot::OPTIND {
                continue;
            }
            let variable = &mut self.table[slot as usize];
            variable.value = Some(BString::from(&entry[equals + 1..]));
            variable.exported = true;
        }
        self.locale_changed();
        self.environment = None;
    }

    /// The slot of a name that was parsed.
    #[inline]
    pub fn slot(&mut self, name: &Name) -> u32 {
        name.slot().get_or_find(|| self.slot_of(name.text()))
    }

    /// The slot of a name, made if there is none.
    pub fn slot_of(&mut self, name: &[u8]) -> u32 {
        self.names.find(name).unwrap_or_else(|| {
            self.table.push(Variable::default());
            self.names.add(name)
        })
    }

    /// The name of a slot.
    pub fn name(&self, slot: u32) -> &BStr {
        self.names.name(slot)
    }

    /// The variable in a slot.
    #[inline]
    pub fn at(&self, slot: u32) -> &Variable {
        &self.table[slot as usize]
    }

    /// The value of a variable by slot, if it is set.
    #[inline]
    pub fn get(&mut self, slot: u32) -> Option<&BStr> {
        if slot == slot::LINENO && self.lineno_is_live {
            self.refresh_lineno();
        }
        self.table[slot as usize].value.as_ref().map(|value| value.as_bstr())
    }

    /// The value of a variable by name, if it is set.
    pub fn value_of(&mut self, name: &[u8]) -> Option<&BStr> {
        let slot = self.names.find(name)?;
        self.get(slot)
    }

    fn refresh_lineno(&mut self) {
        let line = self.line;
        let variable = &mut self.table[slot::LINENO as usize];
        variable.integer = Some(i64::from(line));
        let value = variable.value.get_or_insert_default();
        value.clear();
        // Writing to memory cannot fail.
        let _ = write!(value, "{line}");
    }

    /// The value as an integer: 0 when unset or empty; an error when it is not an integer constant (boxed, so that
    /// an integer comes back in registers).
    #[inline]
    pub fn integer(&mut self, slot: u32) -> Result<i64, Box<Error>> {
        if slot == slot::LINENO && self.lineno_is_live {
            self.refresh_lineno();
        }
        match self.table[slot as usize].integer {
            Some(integer) => Ok(integer),
            None => self.integer_of_text(slot),
        }
    }

    fn integer_of_text(&mut self, slot: u32) -> Result<i64, Box<Error>> {
        let variable = &mut self.table[slot as usize];
        let Some(value) = &variable.value else { return Ok(0) };
        match parse_integer(value) {
            Some(integer) => {
                variable.integer = Some(integer);
                Ok(integer)
            }
            None => {
                let mut text = self.names.name(slot).to_owned();
                text.extend_from_slice(b": not a number: ");
                text.extend_from_slice(value);
                Err(Error::new(text).with_status(crate::status::ExitStatus::USAGE).into())
            }
        }
    }

    /// Whether a variable can be set: for what must be known before its value can be had.
    ///
    /// # Errors
    /// It is read-only.
    pub fn check_writable(&self, slot: u32) -> Result<(), Error> {
        if self.table[slot as usize].readonly { Err(self.readonly_error(slot)) } else { Ok(()) }
    }

    /// The read-only variable's error.
    #[cold]
    fn readonly_error(&self, slot: u32) -> Error {
        let mut text = self.names.name(slot).to_owned();
        text.extend_from_slice(b": is read only");
        Error::new(text).with_status(crate::status::ExitStatus::USAGE)
    }

    /// Make a variable ready to be changed: refuse a read-only one, keep the old value for the subshell.
    #[inline]
    fn prepare(&mut self, slot: u32) -> Result<&mut Variable, Error> {
        if self.table[slot as usize].readonly {
            return Err(self.readonly_error(slot));
        }
        self.keep_old(slot);
        self.table[slot as usize].is_default = false;
        Ok(&mut self.table[slot as usize])
    }

    /// In a subshell: before its first change of a variable.
    #[inline]
    fn keep_old(&mut self, slot: u32) {
        if self.table[slot as usize].level < self.level {
            self.keep(slot);
        }
    }

    #[cold]
    fn keep(&mut self, slot: u32) {
        self.journal.push((slot, self.table[slot as usize].clone()));
        self.table[slot as usize].level = self.level;
    }

    /// What a change of some variables entails.
    #[inline]
    fn changed(&mut self, slot: u32) {
        if self.table[slot as usize].exported {
            self.environment = None;
        }
        if slot <= slot::LANG {
            self.special_changed(slot);
        }
    }

    #[cold]
    fn special_changed(&mut self, slot: u32) {
        match slot {
            slot::IFS => self.ifs = Ifs::new(self.table[slot::IFS as usize].value.as_ref().map(|v| &v[..]), self.utf8),
            slot::PATH => self.path_changes = self.path_changes.wrapping_add(1),
            slot::LINENO => self.lineno_is_live = false,
            slot::OPTIND => self.optind_assigned = true,
            _ => self.locale_changed(),
        }
    }

    /// LC_ALL, else LC_CTYPE, else LANG decides what a character is (XBD 8.2).
    fn locale_changed(&mut self) {
        let value = [slot::LC_ALL, slot::LC_CTYPE, slot::LANG]
            .iter()
            .filter_map(|&slot| self.table[slot as usize].value.as_ref())
            .find(|value| !value.is_empty());
        self.utf8 = value.is_some_and(|value| {
            let names = [&b"UTF-8"[..], b"UTF8"];
            names.iter().any(|name| value.windows(name.len()).any(|part| part.eq_ignore_ascii_case(name)))
        });
        self.special_changed(slot::IFS);
    }

    /// Change the text of a variable. An error when it is read-only.
    #[inline(always)]
    fn assign(&mut self, slot: u32, integer: Option<i64>, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        let variable = &self.table[slot as usize];
        let is_ordinary =
            !variable.readonly && !variable.exported && !variable.is_default && variable.level == self.level;
        if !is_ordinary || slot <= slot::LANG || self.export_all {
            return self.assign_special(slot, integer, write);
        }
        let variable = &mut self.table[slot as usize];
        variable.integer = integer;
        write(variable.value.get_or_insert_default());
        Ok(())
    }

    /// The same for one of which more is known or wanted than its text.
    #[inline(never)]
    fn assign_special(
        &mut self,
        slot: u32,
        integer: Option<i64>,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Error> {
        let export = self.export_all;
        let variable = self.prepare(slot)?;
        variable.integer = integer;
        variable.exported |= export;
        write(variable.value.get_or_insert_default());
        self.changed(slot);
        Ok(())
    }

    /// Assign a text. An error when the variable is read-only.
    #[inline]
    pub fn set(&mut self, slot: u32, value: &[u8]) -> Result<(), Error> {
        self.assign(slot, None, |text| {
            text.clear();
            text.extend_from_slice(value);
        })
    }

    /// Give a variable that is not set the value that it has by itself.
    pub fn set_default(&mut self, slot: u32, value: &[u8]) {
        let is_set = self.get(slot).is_some() || self.set(slot, value).is_err();
        self.table[slot as usize].is_default = !is_set;
    }

    /// Append to a text in place. An error when the variable is read-only.
    pub fn append(&mut self, slot: u32, more: &[u8]) -> Result<(), Error> {
        self.assign(slot, None, |text| text.extend_from_slice(more))
    }

    /// Assign an integer. An error when the variable is read-only.
    #[inline]
    pub fn set_integer(&mut self, slot: u32, integer: i64) -> Result<(), Error> {
        self.assign(slot, Some(integer), |text| {
            text.clear();
            append_integer(text, integer);
        })
    }

    /// Assign by name.
    pub fn set_by_name(&mut self, name: &[u8], value: &[u8]) -> Result<(), Error> {
        let slot = self.slot_of(name);
        self.set(slot, value)
    }

    /// Unset; a read-only variable is an error. The export attribute goes too.
    pub fn unset(&mut self, slot: u32) -> Result<(), Error> {
        let variable = self.prepare(slot)?;
        let (level, exported) = (variable.level, variable.exported);
        *variable = Variable { level, local: variable.local, ..Variable::default() };
        if exported {
            self.environment = None;
        }
        self.changed(slot);
        Ok(())
    }

    /// `export name`, and for `export -n` and restoring: set or clear the attribute.
    pub fn set_exported(&mut self, slot: u32, exported: bool) {
        if self.table[slot as usize].exported != exported {
            self.keep_old(slot);
            self.table[slot as usize].exported = exported;
            self.environment = None;
        }
    }

    /// `readonly name`
    pub fn set_readonly(&mut self, slot: u32) {
        self.keep_old(slot);
        self.table[slot as usize].readonly = true;
    }

    /// A mark for [`Vars::restore_locals`].
    pub fn locals_mark(&self) -> usize {
        self.locals.len()
    }

    /// Keep the variable as it is now until the locals are restored to an earlier mark: `local`, and
    /// assignments before a function, a builtin or a program.
    pub fn make_local(&mut self, slot: u32) {
        self.keep_old(slot);
        self.locals.push((slot, self.table[slot as usize].clone(), self.lineno_is_live));
        self.table[slot as usize].local = self.locals.len();
    }

    /// Whether the variable was made local since `mark`.
    pub fn is_local_since(&self, mark: usize, slot: u32) -> bool {
        self.table[slot as usize].local > mark
    }

    /// Put back what was made local since `mark`.
    pub fn restore_locals(&mut self, mark: usize) {
        while self.locals.len() > mark {
            let Some((slot, old, lineno_is_live)) = self.locals.pop() else { return };
            self.keep_old(slot);
            let level = self.table[slot as usize].level;
            self.put_back(slot, Variable { level, ..old });
            if slot == slot::LINENO {
                self.lineno_is_live = lineno_is_live;
            }
        }
    }

    fn put_back(&mut self, slot: u32, old: Variable) {
        if self.table[slot as usize].exported || old.exported {
            self.environment = None;
        }
        self.table[slot as usize] = old;
        self.changed(slot);
    }

    /// A subshell begins inside this process: from here on old values are kept. Returns what `end_subshell` wants.
    pub fn begin_subshell(&mut self) -> SubshellMark {
        self.level += 1;
        SubshellMark {
            journal: self.journal.len(),
            locals: self.locals.len(),
            lineno_is_live: self.lineno_is_live,
            path_changes: self.path_changes,
            optind_assigned: self.optind_assigned,
        }
    }

    /// The subshell ends: everything is as it was at its beginning.
    pub fn end_subshell(&mut self, mark: SubshellMark) {
        self.locals.truncate(mark.locals);
        self.level -= 1;
        while self.journal.len() > mark.journal {
            let Some((slot, old)) = self.journal.pop() else { break };
            self.put_back(slot, old);
        }
        self.lineno_is_live = mark.lineno_is_live;
        self.path_changes = mark.path_changes;
        self.optind_assigned = mark.optind_assigned;
    }

    /// The field separators.
    #[inline]
    pub fn ifs(&self) -> &Ifs {
        &self.ifs
    }

    /// Whether characters are those of UTF-8 or bytes.
    #[inline]
    pub fn utf8(&self) -> bool {
        self.utf8
    }

    /// Changes whenever PATH is assigned.
    #[inline]
    pub fn path_changes(&self) -> u32 {
        self.path_changes
    }

    /// The slots of all variables that are set or have an attribute, sorted by name.
    pub fn sorted(&self) -> Vec<u32> {
        let mut slots: Vec<u32> = (0..self.table.len() as u32)
            .filter(|&slot| {
                let variable = self.at(slot);
                variable.value.is_some() || variable.exported || variable.readonly
            })
            .collect();
        slots.sort_by(|&a, &b| self.name(a).cmp(self.name(b)));
        slots
    }

    /// The environment for a program: `name=value` of all exported variables that are set.
    pub fn environment(&mut self) -> &Fields {
        if self.lineno_is_live && self.table[slot::LINENO as usize].exported {
            self.refresh_lineno();
            self.environment = None;
        }
        let Self { environment, table, names, foreign, .. } = self;
        environment.get_or_insert_with(|| {
            let mut fields = Fields::new();
            for (variable, name) in table.iter().zip(names.iter()) {
                if let (true, Some(value)) = (variable.exported, &variable.value) {
                    let entry = fields.open();
                    entry.extend_from_slice(name);
                    entry.push(b'=');
                    entry.extend_from_slice(value);
                    fields.finish();
                }
            }
            for entry in foreign {
                fields.push(entry);
            }
            fields
        })
    }
}

/// Where a subshell inside this process began; see [`Vars::begin_subshell`].
#[derive(Debug)]
pub struct SubshellMark {
    journal: usize,
    locals: usize,
    lineno_is_live: bool,
    path_changes: u32,
    optind_assigned: bool,
}
