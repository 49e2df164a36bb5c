//! `read`: read a line into variables (XCU 4, read).

use crate::builtins::{Builtin, BuiltinResult, Kind, bad_name, options};
use crate::expand;
use crate::fields::{Fields, Separator};
use crate::find;
use crate::shell::vars::{is_name, slot};
use crate::shell::{Opt, Shell, Stdio};
use crate::status::{Error, ExitStatus, Flow};
use crate::sys::signal;
use nix::errno::Errno;

/// `read [-r] [-d delim] name...`
pub const BUILTIN: Builtin = Builtin {
    name: "read",
    kind: Kind::Regular,
    usage: "read [-r] [-d delim] [-p prompt] [name...]",
    about: "Read a line and split it into variables; the last one gets the rest. Without a name, REPLY gets the line. Status 1 at the end of the input.\n\
            -r  a backslash is an ordinary character\n-d  read up to this character instead of a newline\n-p  prompt on a terminal",
    run,
};

/// What was read: bytes, and the indices of those that a backslash quoted.
#[derive(Default)]
struct Input {
    text: Vec<u8>,
    quoted: Vec<usize>,
    at_end: bool,
}

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, first) = options(fields, "rd:p:")?;
    let mut raw = false;
    let mut delimiter = b'\n';
    for option in &found {
        match (option.letter, option.argument) {
            (b'd', Some(argument)) => delimiter = argument.first().copied().unwrap_or(0),
            (b'p', Some(prompt)) if shell.io.is_terminal(0) => shell.io.write_error(prompt),
            (b'p', _) => {}
            _ => raw = true,
        }
    }
    let whole = fields.get(first).is_none();
    if whole && shell.options.has(Opt::Posix) {
        return Err(Error::usage("name of a variable expected").into());
    }
    if let Some(name) = fields.iter_from(first).find(|name| !is_name(name)) {
        return Err(bad_name(name).into());
    }
    let interrupting = shell.interrupting();
    let mut input = Input::default();
    loop {
        match read_on(&mut shell.io, &mut input, delimiter, raw, interrupting) {
            Ok(Stop::Continued) => ask_for_more(shell)?,
            Ok(Stop::End) => break,
            Err(Errno::EINTR) => {
                let signal = signal::first(signal::pending()).unwrap_or(libc::SIGINT);
                return Ok(ExitStatus::from_signal(signal));
            }
            Err(errno) => return Err(Error::system("cannot read", errno).with_status(ExitStatus::USAGE).into()),
        }
    }
    if whole {
        let reply = shell.vars.slot_of(b"REPLY");
        shell.vars.set(reply, &input.text).map_err(|error| error.with_status(ExitStatus::USAGE))?;
    } else {
        assign(shell, fields, first, &input)?;
    }
    Ok(ExitStatus::from_bool(!input.at_end))
}

/// PS2 asks a person for the rest of a line.
fn ask_for_more(shell: &mut Shell) -> Result<(), Flow> {
    if shell.options.has(Opt::Interactive) && shell.io.is_terminal(0) {
        let text = shell.vars.get(slot::PS2).map_or(b"> ".to_vec(), |text| text.to_vec());
        let line = shell.vars.line;
        let text = expand::prompt(shell, &text, line)?;
        shell.io.write_error(&text);
    }
    Ok(())
}

/// Where reading has stopped.
enum Stop {
    /// Behind the delimiter, or at the end of the input.
    End,
    /// Behind a backslash and a newline: the line goes on.
    Continued,
}

/// Read up to the delimiter and not a byte further.
fn read_on(io: &mut Stdio, line: &mut Input, delimiter: u8, raw: bool, interrupting: u64) -> Result<Stop, Errno> {
    let mut escaped = false;
    loop {
        let block = match io.peek(interrupting) {
            Err(Errno::EINTR) if !signal::is_pending() => continue,
            result => result?,
        };
        if block.is_empty() {
            line.at_end = true;
            return Ok(Stop::End);
        }
        let mut stop = None;
        let mut used = 0;
        while used < block.len() && stop.is_none() {
            // Ordinary bytes are copied at once.
            let rest = &block[used..];
            let special = if escaped {
                0
            } else if raw {
                find::any([delimiter, 0], rest).unwrap_or(rest.len())
            } else {
                find::any([delimiter, 0, b'\\'], rest).unwrap_or(rest.len())
            };
            line.extend(&rest[..special]);
            used += special;
            let Some(&byte) = block.get(used) else { break };
            used += 1;
            if escaped {
                escaped = false;
                match byte {
                    b'\n' => stop = Some(Stop::Continued),
                    _ => line.push_quoted(byte),
                }
            } else if byte == delimiter {
                stop = Some(Stop::End);
            } else if byte == b'\\' && !raw {
                escaped = true;
            }
        }
        io.consume(used);
        if let Some(stop) = stop {
            return Ok(stop);
        }
    }
}

impl Input {
    fn extend(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
    }

    /// Add a byte that a backslash quoted. NULs vanish.
    fn push_quoted(&mut self, byte: u8) {
        if byte != 0 {
            self.quoted.push(self.text.len());
            self.text.push(byte);
        }
    }

    fn is_quoted(&self, at: usize) -> bool {
        !self.quoted.is_empty() && self.quoted.binary_search(&at).is_ok()
    }

    /// The separator at `at`, and its length.
    fn separator(&self, shell: &Shell, at: usize) -> (Separator, usize) {
        if self.is_quoted(at) { (Separator::No, 1) } else { shell.vars.ifs().separator_at(&self.text[at..]) }
    }

    /// Behind IFS white space from `at` on.
    fn skip_white(&self, shell: &Shell, mut at: usize) -> usize {
        while at < self.text.len() && self.separator(shell, at).0 == Separator::White {
            at += 1;
        }
        at
    }

    /// The end of the field from `at` on.
    fn field_end(&self, shell: &Shell, mut at: usize) -> usize {
        while at < self.text.len() {
            let (kind, length) = self.separator(shell, at);
            if kind != Separator::No {
                break;
            }
            at += length;
        }
        at
    }

    /// Behind the separator at `at`: white space, at most one other, white space.
    fn skip_separator(&self, shell: &Shell, at: usize) -> usize {
        let mut at = self.skip_white(shell, at);
        if at < self.text.len()
            && let (Separator::Other, length) = self.separator(shell, at)
        {
            at = self.skip_white(shell, at + length);
        }
        at
    }
}

fn assign(shell: &mut Shell, fields: &Fields, first: usize, input: &Input) -> Result<(), Error> {
    let count = fields.len() - first;
    let mut at = input.skip_white(shell, 0);
    for (index, name) in fields.iter_from(first).enumerate() {
        let end = if index + 1 < count { input.field_end(shell, at) } else { last_end(shell, input, at) };
        let slot = shell.vars.slot_of(name);
        shell.vars.set(slot, &input.text[at..end]).map_err(|error| error.with_status(ExitStatus::USAGE))?;
        if index + 1 < count {
            at = input.skip_separator(shell, end);
        }
    }
    Ok(())
}

/// The last variable gets the rest: without white space at its end, and without the separator of a single field.
fn last_end(shell: &Shell, input: &Input, at: usize) -> usize {
    let end = input.field_end(shell, at);
    if input.skip_separator(shell, end) == input.text.len() {
        return end;
    }
    let mut end = input.text.len();
    while end > at && !input.is_quoted(end - 1) && shell.vars.ifs().byte(input.text[end - 1]) == Separator::White {
        end -= 1;
    }
    end
}
