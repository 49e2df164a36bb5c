//! The builtins: one file each, one table. A builtin gets its fields (the first is its name) and the shell.

pub mod alias;
pub mod attributes;
pub mod cd;
pub mod colon;
pub mod command;
pub mod dot;
pub mod echo;
pub mod escape;
pub mod eval;
pub mod exec;
pub mod fc;
pub mod flow;
pub mod getopts;
pub mod help;
pub mod history;
pub mod ipc;
pub mod jobs;
pub mod kill;
pub mod limits;
pub mod listing;
pub mod lookup;
pub mod message;
pub mod mq;
pub mod nc;
pub mod printf;
pub mod read;
pub mod recv;
pub mod rpc;
pub mod send;
pub mod set;
pub mod sock;
pub mod suspend;
pub mod test;
pub mod trap;
pub mod true_;
pub mod wait;

use crate::fields::Fields;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus, Failure};
use bstr::{BStr, BString, ByteSlice};

/// What a builtin returns. An `Error` is printed by the executor with the builtin's name before it, and decides the status;
/// for a special builtin it ends a non-interactive shell (XCU 2.8.1).
pub type BuiltinResult = Result<ExitStatus, Failure>;

/// A builtin's row in the table.
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// Special or regular (XCU 2.15).
    pub kind: Kind,
    /// Its synopsis, a line for each form.
    pub usage: &'static str,
    /// One line for `help`, then more lines if needed: options, one per line as `-x ARG  text`.
    pub about: &'static str,
    /// What it does.
    pub run: fn(&mut Shell, &Fields) -> BuiltinResult,
}

/// Kinds of builtins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Special builtin: found before functions, assignments before it last, its errors end a script.
    Special,
    /// Intrinsic or other regular builtin.
    Regular,
    /// A regular builtin that uses nothing but its arguments, the shell's state, and standard output and error through
    /// [`crate::shell::Stdio`]: its redirections need no dup2, and as a stage of a pipeline it needs no process.
    Plain,
}

/// All builtins, sorted by name.
#[rustfmt::skip]
pub const TABLE: &[Builtin] = &[
    dot::BUILTIN,
    colon::BUILTIN,
    test::BRACKET,
    alias::ALIAS,
    jobs::BG,
    flow::BREAK,
    cd::BUILTIN,
    cd::CHDIR,
    command::BUILTIN,
    flow::CONTINUE,
    echo::BUILTIN,
    eval::BUILTIN,
    exec::BUILTIN,
    flow::EXIT,
    attributes::EXPORT,
    true_::FALSE,
    fc::BUILTIN,
    jobs::FG,
    getopts::BUILTIN,
    lookup::HASH,
    help::BUILTIN,
    history::BUILTIN,
    ipc::BUILTIN,
    jobs::JOBS,
    kill::BUILTIN,
    attributes::LOCAL,
    mq::BUILTIN,
    nc::BUILTIN,
    printf::BUILTIN,
    cd::PWD,
    read::BUILTIN,
    attributes::READONLY,
    recv::BUILTIN,
    flow::RETURN,
    rpc::BUILTIN,
    send::BUILTIN,
    set::SET,
    set::SHIFT,
    sock::BUILTIN,
    dot::SOURCE,
    suspend::BUILTIN,
    test::TEST,
    limits::TIMES,
    trap::BUILTIN,
    true_::TRUE,
    lookup::TYPE,
    limits::ULIMIT,
    limits::UMASK,
    alias::UNALIAS,
    attributes::UNSET,
    wait::BUILTIN,
];

/// The number of a builtin in [`TABLE`].
pub fn find(name: &[u8]) -> Option<u8> {
    TABLE.binary_search_by(|builtin| builtin.name.as_bytes().cmp(name)).ok().map(|index| index as u8)
}

/// One option of a command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opt<'a> {
    /// Its letter.
    pub letter: u8,
    /// Its argument, if it takes one.
    pub argument: Option<&'a BStr>,
}

/// Options by XBD 12.2: the letters in `spec`, with `:` behind those that take an argument. Returns the options and the index of
/// the first operand.
///
/// # Errors
/// An unknown option or a missing argument: a usage error (status 2).
pub fn options<'a>(fields: &'a Fields, spec: &str) -> Result<(Vec<Opt<'a>>, usize), Error> {
    let spec = spec.as_bytes();
    let mut found = Vec::new();
    let mut index = 1;
    while let Some(field) = fields.get(index) {
        if field.len() < 2 || field[0] != b'-' {
            break;
        }
        index += 1;
        if field == "--" {
            break;
        }
        let mut at = 1;
        while at < field.len() {
            let letter = field[at];
            at += 1;
            let place = spec.iter().position(|&known| known == letter && letter != b':');
            let Some(place) = place else { return Err(unknown_option(letter)) };
            if spec.get(place + 1) != Some(&b':') {
                found.push(Opt { letter, argument: None });
                continue;
            }
            let argument = if at < field.len() {
                field[at..].as_bstr()
            } else {
                index += 1;
                fields
                    .get(index - 1)
                    .ok_or_else(|| Error::usage(format!("-{}: option requires an argument", char::from(letter))))?
            };
            found.push(Opt { letter, argument: Some(argument) });
            break;
        }
    }
    Ok((found, index))
}

/// The index of the first operand of a builtin without options: behind `--` if that comes first.
pub fn operands(fields: &Fields) -> usize {
    1 + usize::from(fields.get(1).is_some_and(|field| field == "--"))
}

/// The usage error for an unknown option.
pub fn unknown_option(letter: u8) -> Error {
    let mut text = BString::from("-");
    text.push(letter);
    text.extend_from_slice(b": invalid option");
    Error::usage(text)
}

/// The usage error for operands that the synopsis does not have.
pub fn too_many_arguments() -> Error {
    Error::usage("too many arguments")
}

/// The usage error for what should be the name of a variable.
pub fn bad_name(name: &[u8]) -> Error {
    let mut text = BString::from(name);
    text.extend_from_slice(b": bad variable name");
    Error::usage(text)
}

/// An error about one operand: `operand: what`.
pub fn about(operand: &[u8], what: &str) -> Error {
    let mut text = BString::from(operand);
    text.extend_from_slice(b": ");
    text.extend_from_slice(what.as_bytes());
    Error::new(text)
}

/// Standard output of one call: `collect` appends it to a buffer that is kept for the next call, and one write puts it out,
/// also when `collect` has failed.
///
/// # Errors
/// The write failed.
pub fn write_collected<T>(shell: &mut Shell, collect: impl FnOnce(&mut Shell, &mut Vec<u8>) -> T) -> Result<T, Error> {
    let mut buffer = shell.buffers.pop().unwrap_or_default();
    let result = collect(shell, &mut buffer);
    let written = if buffer.is_empty() { Ok(()) } else { shell.io.write(&buffer) };
    buffer.clear();
    shell.buffers.push(buffer);
    written.map(|()| result)
}

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn the_table_is_sorted() {
        assert!(TABLE.is_sorted_by_key(|builtin| builtin.name.as_bytes()));
    }
}
