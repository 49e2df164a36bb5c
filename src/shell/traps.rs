//! Trap actions (XCU 2.12, `trap`). Signals that were caught are noted in `sys::signal`; `exec::trap` executes the actions.

use bstr::BString;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a trap does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `trap '' SIG`
    Ignore,
    /// `trap command SIG`
    Command(Rc<BString>),
}

/// The condition EXIT.
pub const EXIT: i32 = 0;

/// The traps: condition (0 for EXIT, else the signal's number) to action; the rest has its default action.
#[derive(Clone, Debug, Default)]
pub struct Traps {
    /// Shared until changed, so that an in-process subshell can put them back.
    pub actions: Rc<BTreeMap<i32, Action>>,
    /// In a subshell until its first `trap` with operands: what `trap` shows, the actions of the parent.
    pub shown: Option<Rc<BTreeMap<i32, Action>>>,
    /// Signals (bits as in `sys::signal`) that were ignored when the shell was started. A non-interactive shell cannot trap them; the
    /// programs of an interactive one ignore them, too, until it sets a trap for them.
    pub ignored_at_entry: u64,
    /// Signals of which that is known.
    pub known_at_entry: u64,
    /// Signals that this subshell ignores because it is an asynchronous list: it may trap them.
    pub ignored_by_list: u64,
    /// Signals that would end the shell, and are caught only so that its EXIT action is executed before.
    pub for_exit: u64,
    /// The signal whose action is being executed.
    pub running: Option<i32>,
}

impl Traps {
    /// The action for a condition, if it is not the default.
    pub fn get(&self, condition: i32) -> Option<&Action> {
        self.actions.get(&condition)
    }

    /// Set an action, or with `None` the default.
    pub fn set(&mut self, condition: i32, action: Option<Action>) {
        let actions = Rc::make_mut(&mut self.actions);
        match action {
            Some(action) => actions.insert(condition, action),
            None => actions.remove(&condition),
        };
    }

    /// Whether some signal has a command as its action.
    pub fn catches_signals(&self) -> bool {
        self.actions.iter().any(|(&condition, action)| condition != EXIT && matches!(action, Action::Command(_)))
    }

    /// The signals (bits as in `sys::signal`) whose action is a command.
    pub fn caught(&self) -> u64 {
        let commands = self.actions.iter().filter(|(_, action)| matches!(action, Action::Command(_)));
        commands.filter(|(condition, _)| **condition != EXIT).fold(0, |set, (signal, _)| set | 1 << (signal - 1))
    }

    /// The signals that `trap '' SIG` ignores.
    pub fn ignored(&self) -> u64 {
        let ignored =
            self.actions.iter().filter(|(condition, action)| **condition != EXIT && **action == Action::Ignore);
        ignored.fold(0, |set, (signal, _)| set | 1 << (signal - 1))
    }

    /// The signals whose action is a command, and in a subshell those of its parent, whose handlers a forked child still has.
    pub fn caught_by_parent(&self) -> u64 {
        let parent =
            self.shown.as_ref().map_or(0, |shown| Self { actions: Rc::clone(shown), ..Self::default() }.caught());
        self.caught() | self.for_exit | parent
    }

    /// A subshell begins: commands are gone, ignored signals stay ignored; `trap` shows what the parent had (XCU 2.12).
    pub fn enter_subshell(&mut self) {
        self.running = None;
        if self.actions.values().any(|action| matches!(action, Action::Command(_))) {
            if self.shown.is_none() {
                self.shown = Some(Rc::clone(&self.actions));
            }
            Rc::make_mut(&mut self.actions).retain(|_, action| *action == Action::Ignore);
        }
    }
}
