//! The options of `set` and of the command line (XCU 2.15, `set`).

/// One option: its bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Opt {
    AllExport,
    Notify,
    NoClobber,
    ErrExit,
    NoGlob,
    HashAll,
    HistExpand,
    Interactive,
    IgnoreEof,
    Monitor,
    NoExec,
    NoLog,
    NoUnset,
    PipeFail,
    Posix,
    Stdin,
    Verbose,
    Vi,
    Emacs,
    XTrace,
    CommandString,
    Login,
    Privileged,
}

/// An option's letter (if it has one), its name for `-o` (if it has one), and its bit; sorted by name.
pub const TABLE: &[(Option<u8>, Option<&str>, Opt)] = &[
    (Some(b'a'), Some("allexport"), Opt::AllExport),
    (None, Some("emacs"), Opt::Emacs),
    (Some(b'e'), Some("errexit"), Opt::ErrExit),
    (Some(b'h'), Some("hashall"), Opt::HashAll),
    (Some(b'H'), Some("histexpand"), Opt::HistExpand),
    (None, Some("ignoreeof"), Opt::IgnoreEof),
    (Some(b'm'), Some("monitor"), Opt::Monitor),
    (Some(b'C'), Some("noclobber"), Opt::NoClobber),
    (Some(b'n'), Some("noexec"), Opt::NoExec),
    (Some(b'f'), Some("noglob"), Opt::NoGlob),
    (None, Some("nolog"), Opt::NoLog),
    (Some(b'b'), Some("notify"), Opt::Notify),
    (Some(b'u'), Some("nounset"), Opt::NoUnset),
    (None, Some("pipefail"), Opt::PipeFail),
    (None, Some("posix"), Opt::Posix),
    (Some(b'v'), Some("verbose"), Opt::Verbose),
    (None, Some("vi"), Opt::Vi),
    (Some(b'x'), Some("xtrace"), Opt::XTrace),
    (Some(b'i'), None, Opt::Interactive),
    (Some(b'l'), None, Opt::Login),
    (Some(b's'), None, Opt::Stdin),
];

/// A set of options.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options(u32);

impl Options {
    /// Whether the option is on.
    #[inline]
    pub fn has(self, option: Opt) -> bool {
        self.0 & (1 << option as u8) != 0
    }

    /// Turn an option on or off.
    pub fn set(&mut self, option: Opt, on: bool) {
        let bit = 1 << option as u8;
        if on { self.0 |= bit } else { self.0 &= !bit }
    }

    /// Whether commands are read and not executed: `set -n`, which an interactive shell ignores.
    #[inline]
    pub fn forbid_executing(self) -> bool {
        self.has(Opt::NoExec) && !self.has(Opt::Interactive)
    }

    /// The value of `$-`.
    pub fn letters(self) -> String {
        TABLE
            .iter()
            .filter(|(_, _, option)| self.has(*option))
            .filter_map(|(letter, _, _)| letter.map(char::from))
            .collect()
    }

    /// The option with a letter.
    pub fn by_letter(letter: u8) -> Option<Opt> {
        TABLE.iter().find(|row| row.0 == Some(letter)).map(|row| row.2)
    }

    /// The option with a name.
    pub fn by_name(name: &[u8]) -> Option<Opt> {
        TABLE.iter().find(|row| row.1.is_some_and(|it| it.as_bytes() == name)).map(|row| row.2)
    }
}
