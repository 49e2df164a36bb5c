//! What the terminal of this name can do: its entry in the terminfo database (term(5), terminfo(5)).
//!
//! The line editor writes the sequences of ECMA-48, which nearly all terminals obey. So only this is asked: whether this one does, and
//! whether it has colours. A terminal without an entry (a small system has no database) is taken for one that has both.

use crate::shell::Shell;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What the line editor wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// It obeys the sequences that move the cursor and erase.
    pub moves: bool,
    /// It has eight colours at least.
    pub colours: bool,
}

/// Names that mean no terminal that could be drawn on.
const PLAIN: [&[u8]; 4] = [b"", b"dumb", b"unknown", b"emacs"];

/// Where entries are, behind what the user has said.
const DIRECTORIES: [&str; 5] =
    ["/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo", "/usr/local/share/terminfo"];

/// No entry is larger (term(5)).
const LARGEST: u64 = 32768;

/// The database is asked once for a name.
#[derive(Debug, Default)]
pub struct Terminfo {
    known: Option<(Vec<u8>, Abilities)>,
}

impl Terminfo {
    /// What the terminal can do that TERM names.
    pub fn abilities(&mut self, shell: &mut Shell) -> Abilities {
        let name = shell.vars.value_of(b"TERM").map(|name| name.to_vec()).unwrap_or_default();
        match &self.known {
            Some((known, abilities)) if *known == name => *abilities,
            _ => {
                let abilities = look_up(shell, &name);
                self.known = Some((name, abilities));
                abilities
            }
        }
    }
}

fn look_up(shell: &mut Shell, name: &[u8]) -> Abilities {
    if PLAIN.contains(&name) {
        return Abilities { moves: false, colours: false };
    }
    entry(shell, name).and_then(|entry| read(&entry)).unwrap_or(Abilities { moves: true, colours: true })
}

/// The entry with this name: in TERMINFO, the home directory, TERMINFO_DIRS or one of the system's directories (ncurses(3x)).
fn entry(shell: &mut Shell, name: &[u8]) -> Option<Vec<u8>> {
    let letter = name.get(..1)?;
    if name.contains(&b'/') {
        return None;
    }
    let path = |directory: &Path| directory.join(OsStr::from_bytes(letter)).join(OsStr::from_bytes(name));
    directories(shell).iter().find_map(|directory| {
        let path = path(directory);
        // (What is no file could make the shell wait.)
        let is_file = std::fs::metadata(&path).is_ok_and(|status| status.is_file());
        let mut bytes = Vec::new();
        (is_file && File::open(path).ok()?.take(LARGEST).read_to_end(&mut bytes).is_ok()).then_some(bytes)
    })
}

fn directories(shell: &mut Shell) -> Vec<PathBuf> {
    let mut value = |name: &[u8]| shell.vars.value_of(name).map(|value| value.to_vec()).unwrap_or_default();
    let path = |bytes: &[u8]| PathBuf::from(OsStr::from_bytes(bytes));
    let (own, home, list) = (value(b"TERMINFO"), value(b"HOME"), value(b"TERMINFO_DIRS"));
    let named = [path(&own), path(&home).join(".terminfo")];
    let listed = list.split(|&byte| byte == b':').map(path);
    let all = named.into_iter().chain(listed).chain(DIRECTORIES.map(PathBuf::from));
    all.filter(|directory| directory.is_absolute()).collect()
}

/// The numbers of capabilities in an entry (the order of term.h(3x)).
const MAX_COLORS: usize = 13;
const CLR_EOL: usize = 6;
const CURSOR_UP: usize = 19;
const PARM_UP_CURSOR: usize = 114;

/// What a compiled entry says; `None` if it is none.
fn read(entry: &[u8]) -> Option<Abilities> {
    let short = |at: usize| Some(u16::from_le_bytes(entry.get(at..at + 2)?.try_into().ok()?));
    let size = |index: usize| short(2 * index).map(usize::from);
    let number_size = match short(0)? {
        0o432 => 2,
        0o1036 => 4,
        _ => return None,
    };
    let [names, flags, numbers, strings, table] = [size(1)?, size(2)?, size(3)?, size(4)?, size(5)?];
    // Numbers begin at an even place.
    let numbers_at = (12 + names + flags).next_multiple_of(2);
    let strings_at = numbers_at + numbers * number_size;
    let table_at = strings_at + 2 * strings;
    let table = entry.get(table_at..table_at + table)?;
    // A number that is missing is negative.
    let number = |index: usize| {
        let at = numbers_at + index * number_size;
        let bytes = entry.get(at..at + number_size).filter(|_| index < numbers).unwrap_or(&[0xff; 2]);
        bytes
            .iter()
            .rev()
            .skip(1)
            .fold(i32::from(bytes[bytes.len() - 1].cast_signed()), |high, &byte| high << 8 | i32::from(byte))
    };
    let string = |index: usize| {
        let offset = (index < strings).then(|| short(strings_at + 2 * index)).flatten();
        offset.and_then(|offset| table.get(usize::from(offset)..)).unwrap_or_default()
    };
    let erases = string(CLR_EOL).starts_with(b"\x1b[K");
    let moves = string(PARM_UP_CURSOR).starts_with(b"\x1b[%p1%dA") || string(CURSOR_UP).starts_with(b"\x1b[A");
    Some(Abilities { moves: erases && moves, colours: erases && moves && number(MAX_COLORS) >= 8 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry with so many colours and these strings for CLR_EOL and PARM_UP_CURSOR.
    fn entry(magic: u16, colours: i32, erase: &str, up: &str) -> Vec<u8> {
        let names = b"t|a terminal\0";
        let table = [erase, "\0", up, "\0"].concat();
        let mut entry = Vec::new();
        let sizes = [magic, names.len() as u16, 2, 14, 115, table.len() as u16];
        sizes.iter().for_each(|size| entry.extend(size.to_le_bytes()));
        entry.extend(names);
        entry.extend([0, 1, 0]);
        for number in std::iter::repeat_n(-1, 13).chain([colours]) {
            let bytes = i32::to_le_bytes(number);
            entry.extend(if magic == 0o1036 { &bytes[..] } else { &bytes[..2] });
        }
        for index in 0..115 {
            let offset = match index {
                CLR_EOL => 0,
                PARM_UP_CURSOR => erase.len() as u16 + 1,
                _ => 0xffff,
            };
            entry.extend(offset.to_le_bytes());
        }
        entry.extend(table.as_bytes());
        entry
    }

    #[test]
    fn entries_say_what_the_terminal_can_do() {
        let (erase, up) = ("\x1b[K$<3>", "\x1b[%p1%dA");
        let all = Abilities { moves: true, colours: true };
        for magic in [0o432, 0o1036] {
            assert_eq!(read(&entry(magic, 8, erase, up)), Some(all));
            assert_eq!(read(&entry(magic, 256, erase, up)), Some(all));
            assert_eq!(read(&entry(magic, -1, erase, up)), Some(Abilities { moves: true, colours: false }));
            assert_eq!(read(&entry(magic, 8, "\x1bK", "\x1bA")), Some(Abilities { moves: false, colours: false }));
        }
        assert_eq!(read(&entry(0o1036, 1 << 24, erase, up)), Some(all));
    }

    #[test]
    fn what_is_no_entry_is_none() {
        let whole = entry(0o432, 8, "\x1b[K", "\x1b[A");
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), None, "{length}");
        }
        assert_eq!(read(&[0xff; 4096]), None);
        let mut wrong = whole;
        // An offset behind the table.
        let at = wrong.len() - 9 - 2 * (115 - CLR_EOL);
        wrong[at..at + 2].copy_from_slice(&[0xf0, 0x7f]);
        assert!(read(&wrong).is_some_and(|abilities| !abilities.moves));
    }
}
