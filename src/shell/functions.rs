//! Commands by name: functions, and where programs were found (XCU 2.9.1.4). A slot for each name, as for variables.

use crate::shell::names::Names;
use crate::syntax::ast::{CompoundCommand, Slot};
use bstr::BStr;
use std::ffi::CString;
use std::rc::Rc;

/// What is known about a command name.
#[derive(Debug, Default)]
pub struct Entry {
    /// The function of that name.
    pub function: Option<Rc<CompoundCommand>>,
    /// The number of the builtin of that name.
    pub builtin: Option<u8>,
    /// Where the program was found, and how often that was used.
    pub path: Option<(CString, u32)>,
    /// The number of the innermost in-process subshell that has kept the function.
    level: u32,
}

/// All command names that were used.
#[derive(Debug)]
pub struct Commands {
    table: Vec<Entry>,
    names: Names,
    find_builtin: fn(&[u8]) -> Option<u8>,
    /// Functions as they were before in-process subshells changed them.
    journal: Vec<(u32, Option<Rc<CompoundCommand>>, u32)>,
    level: u32,
    /// The number of changes of PATH at which the paths were found.
    path_changes: u32,
}

impl Commands {
    /// Nothing known yet.
    pub fn new(find_builtin: fn(&[u8]) -> Option<u8>) -> Self {
        Self {
            table: Vec::new(),
            names: Names::default(),
            find_builtin,
            journal: Vec::new(),
            level: 0,
            path_changes: 0,
        }
    }

    /// The slot of a name that was parsed, remembered in the tree.
    #[inline]
    pub fn slot(&mut self, slot: &Slot, name: &[u8]) -> u32 {
        slot.get_or_find(|| self.slot_of(name))
    }

    /// The slot of a name, made if there is none.
    pub fn slot_of(&mut self, name: &[u8]) -> u32 {
        self.names.find(name).unwrap_or_else(|| {
            self.table.push(Entry { builtin: (self.find_builtin)(name), ..Entry::default() });
            self.names.add(name)
        })
    }

    /// What is known in a slot.
    #[inline]
    pub fn at(&self, slot: u32) -> &Entry {
        &self.table[slot as usize]
    }

    /// The function with a name.
    pub fn function(&self, name: &[u8]) -> Option<&Rc<CompoundCommand>> {
        self.names.find(name).and_then(|slot| self.at(slot).function.as_ref())
    }

    /// The number of the builtin with a name.
    pub fn builtin(&self, name: &[u8]) -> Option<u8> {
        (self.find_builtin)(name)
    }

    /// Define a function, or with `None` remove it; false if there was none.
    pub fn set_function(&mut self, slot: u32, function: Option<Rc<CompoundCommand>>) -> bool {
        let level = self.level;
        let entry = &mut self.table[slot as usize];
        if entry.level < level {
            self.journal.push((slot, entry.function.clone(), entry.level));
            entry.level = level;
        }
        std::mem::replace(&mut entry.function, function).is_some()
    }

    /// Remove the function with a name; false if there is none.
    pub fn remove_function(&mut self, name: &[u8]) -> bool {
        self.names.find(name).is_some_and(|slot| self.set_function(slot, None))
    }

    /// Remember where a program was found.
    pub fn set_path(&mut self, slot: u32, path: CString) {
        self.table[slot as usize].path = Some((path, 0));
    }

    /// Count a use of a remembered path.
    pub fn hit(&mut self, slot: u32) {
        if let Some((_, hits)) = &mut self.table[slot as usize].path {
            *hits += 1;
        }
    }

    /// Whether the paths count: if PATH was assigned since they were found (`path_changes` from the variables), they do not, and are
    /// forgotten; but not by a subshell inside this process, after which PATH is what it was.
    #[inline]
    pub fn check_path(&mut self, path_changes: u32, is_virtual: bool) -> bool {
        let good = self.path_changes == path_changes;
        if !good && !is_virtual {
            self.path_changes = path_changes;
            self.forget_paths();
        }
        good
    }

    /// `hash -r`
    pub fn forget_paths(&mut self) {
        for entry in &mut self.table {
            entry.path = None;
        }
    }

    /// Forget one path.
    pub fn forget_path(&mut self, slot: u32) {
        self.table[slot as usize].path = None;
    }

    /// Names, with what is known of them, sorted by name.
    pub fn sorted(&self) -> Vec<(&BStr, &Entry)> {
        let mut all: Vec<_> = self.names.iter().zip(&self.table).collect();
        all.sort_by_key(|(name, _)| *name);
        all
    }

    /// A subshell begins inside this process; returns what `end_subshell` wants.
    pub fn begin_subshell(&mut self) -> usize {
        self.level += 1;
        self.journal.len()
    }

    /// The subshell ends: functions are as they were.
    pub fn end_subshell(&mut self, mark: usize) {
        self.level -= 1;
        while self.journal.len() > mark {
            let Some((slot, function, level)) = self.journal.pop() else { return };
            let entry = &mut self.table[slot as usize];
            entry.function = function;
            entry.level = level;
        }
    }
}
