//! `fc`: list, edit and execute again commands of the history (XCU, fc).

use crate::builtins::{Builtin, BuiltinResult, Kind, about, unknown_option};
use crate::exec;
use crate::fields::Fields;
use crate::quote::quote_into;
use crate::shell::Shell;
use crate::shell::history::{History, file};
use crate::status::{Error, ExitStatus, Failure};
use crate::syntax::Parser;
use bstr::{BStr, BString, ByteSlice, ByteVec};
use nix::errno::Errno;
use std::io::Write;

/// `fc`
pub const BUILTIN: Builtin = Builtin {
    name: "fc",
    kind: Kind::Regular,
    usage: "fc [-r] [-e editor] [first [last]]\nfc -l [-nr] [first [last]]\nfc -s [old=new] [first]",
    about: "Edit commands of the history (-1: the last one) and execute what the editor leaves.\n\
            -l  list them instead\n\
            -n  without their numbers\n\
            -r  the newest first\n\
            -s  execute a command again, with the first old in it replaced by new\n\
            -e EDITOR  edit with this program, not with $FCEDIT or ed",
    run,
};

/// What is asked for.
#[derive(Default)]
struct Request<'a> {
    list: bool,
    without_numbers: bool,
    reverse: bool,
    again: bool,
    editor: Option<&'a BStr>,
    operands: Vec<&'a BStr>,
}

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let request = parse(fields)?;
    if shell.history.earlier() == 0 {
        return Err(Error::new("the history is empty").into());
    }
    if request.again {
        return again(shell, &request);
    }
    let range = range(&shell.history, &request)?;
    if request.list { list(shell, &request, &range) } else { edit(shell, &request, &range) }
}

/// Options; `-5` is an operand.
fn parse(fields: &Fields) -> Result<Request<'_>, Error> {
    let mut request = Request::default();
    let mut index = 1;
    while let Some(field) = fields.get(index).filter(|field| field.len() > 1 && field[0] == b'-') {
        if field[1].is_ascii_digit() {
            break;
        }
        index += 1;
        if field == "--" {
            break;
        }
        let mut letters = field[1..].as_bytes();
        while let [letter, rest @ ..] = letters {
            letters = rest;
            match letter {
                b'l' => request.list = true,
                b'n' => request.without_numbers = true,
                b'r' => request.reverse = true,
                b's' => request.again = true,
                b'e' => {
                    let argument = if rest.is_empty() {
                        index += 1;
                        fields.get(index - 1).ok_or_else(|| Error::usage("-e: option requires an argument"))?
                    } else {
                        rest.as_bstr()
                    };
                    request.editor = Some(argument);
                    break;
                }
                &letter => return Err(unknown_option(letter)),
            }
        }
    }
    request.operands = fields.iter_from(index).collect();
    // An old form of -s.
    request.again |= request.editor.is_some_and(|editor| editor == "-");
    let most = 2;
    match request.operands.get(most) {
        Some(operand) => Err(about(operand, "too many operands").with_status(ExitStatus::USAGE)),
        None => Ok(request),
    }
}

/// The index of the command that an operand means. A number beyond the list's ends means the end (`clamp`) or is an error.
fn find(history: &History, operand: &BStr, clamp: bool) -> Result<usize, Error> {
    let newest = history.earlier() - 1;
    let missing = || about(operand, "no such command in the history");
    let digits = operand.strip_prefix(b"-").or_else(|| operand.strip_prefix(b"+")).unwrap_or(operand);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        let found = (0..=newest)
            .rev()
            .find(|&index| history.get(index).is_some_and(|entry| entry.text.starts_with(operand.as_bytes())));
        return found.ok_or_else(missing);
    }
    let number: u64 = digits.to_str().ok().and_then(|digits| digits.parse().ok()).unwrap_or(u64::MAX);
    if operand.starts_with(b"-") {
        let back = usize::try_from(number).unwrap_or(usize::MAX);
        return match (newest + 1).checked_sub(back) {
            Some(index) if index <= newest => Ok(index),
            // -0 is the command that is being executed; only the one before it can be meant.
            Some(_) => Ok(newest),
            None if clamp => Ok(0),
            None => Err(missing()),
        };
    }
    match history.index_of(number).filter(|&index| index <= newest) {
        Some(index) => Ok(index),
        None if !clamp => Err(missing()),
        None if history.get(0).is_some_and(|oldest| number < oldest.number) => Ok(0),
        None => Ok(newest),
    }
}

/// The indices of the commands, in the order in which they are wanted.
fn range(history: &History, request: &Request<'_>) -> Result<Vec<usize>, Error> {
    let newest = history.earlier() - 1;
    let several = request.list || request.operands.len() == 2;
    let first = match request.operands.first() {
        Some(operand) => find(history, operand, several)?,
        None if request.list => (newest + 1).saturating_sub(16),
        None => newest,
    };
    let last = match request.operands.get(1) {
        Some(operand) => find(history, operand, true)?,
        None if request.list => newest,
        None => first,
    };
    let mut indices: Vec<usize> = (first.min(last)..=first.max(last)).collect();
    if request.reverse || first > last {
        indices.reverse();
    }
    Ok(indices)
}

fn list(shell: &mut Shell, request: &Request<'_>, indices: &[usize]) -> BuiltinResult {
    let mut out = Vec::new();
    for entry in indices.iter().filter_map(|&index| shell.history.get(index)) {
        if !request.without_numbers {
            // Writing to memory cannot fail.
            let _ = write!(out, "{}", entry.number);
        }
        for line in entry.text.split(|&byte| byte == b'\n') {
            out.push(b'\t');
            out.extend_from_slice(line);
            out.push(b'\n');
        }
    }
    shell.io.write(&out)?;
    Ok(ExitStatus::SUCCESS)
}

/// `fc -s [old=new] [first]`
fn again(shell: &mut Shell, request: &Request<'_>) -> BuiltinResult {
    let mut operands = request.operands.iter();
    let mut operand = operands.next();
    let replacement = operand.and_then(|it| it.split_once_str("="));
    if replacement.is_some() {
        operand = operands.next();
    }
    let index = match operand {
        Some(operand) => find(&shell.history, operand, false)?,
        None => shell.history.earlier() - 1,
    };
    let Some(entry) = shell.history.get(index) else { return Ok(ExitStatus::FAILURE) };
    let text = match replacement {
        Some((old, new)) => BString::from(entry.text.replacen(old, new, 1)),
        None => entry.text.clone(),
    };
    forget_itself(shell);
    execute(shell, text)
}

/// An `fc` that edits or executes again does not stay in the history, also if its editor fails (XCU, fc).
fn forget_itself(shell: &mut Shell) {
    if shell.history.has_current {
        shell.history.remove_last();
    }
}

fn edit(shell: &mut Shell, request: &Request<'_>, indices: &[usize]) -> BuiltinResult {
    let mut text = BString::default();
    for entry in indices.iter().filter_map(|&index| shell.history.get(index)) {
        text.push_str(&entry.text);
        text.push(b'\n');
    }
    let editor = match request.editor {
        Some(editor) => editor.to_owned(),
        None => BString::from("${FCEDIT:-ed}"),
    };
    forget_itself(shell);
    match edit_text(shell, &text, &editor)? {
        Ok(edited) => execute(shell, edited),
        Err(status) => Ok(status),
    }
}

/// Edit a text with a program; `editor` is the beginning of a command line. The program's status if it fails, which has said why.
///
/// # Errors
/// The text cannot be put into a file, or not be read from it.
pub fn edit_text(shell: &mut Shell, text: &[u8], editor: &[u8]) -> Result<Result<BString, ExitStatus>, Failure> {
    let path = file::scratch(text)?;
    let mut command = editor.to_vec();
    command.push(b' ');
    quote_into(&mut command, path.as_os_str().as_encoded_bytes());
    command.push(b'\n');
    let outcome = exec::run(shell, Parser::of_text(command, 1), false);
    let edited = std::fs::read(&path);
    // Nothing but a file in the way of another would be left.
    let _ = std::fs::remove_file(&path);
    let status = outcome?;
    if !status.is_success() {
        return Ok(Err(status));
    }
    match edited {
        Ok(edited) => Ok(Ok(edited.into())),
        Err(error) => {
            let errno = Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO));
            Err(Error::system("cannot read the edited commands", errno).into())
        }
    }
}

/// Execute commands in the place of this one: they go into the history.
fn execute(shell: &mut Shell, mut text: BString) -> BuiltinResult {
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    shell.io.write_error(&text);
    let mut parser = Parser::of_text(text, 1);
    let mut status = ExitStatus::SUCCESS;
    loop {
        let parsed = parser.next_command(&shell.aliases, &shell.pools);
        if parser.last_text().iter().any(|byte| !byte.is_ascii_whitespace()) {
            shell.history.record(parser.last_text());
        }
        match parsed {
            Ok(None) => return Ok(status),
            Ok(Some(list)) => {
                status = exec::list(shell, &list, false)?;
                shell.status = status;
            }
            Err(error) => return Ok(exec::parse_error(shell, error)?),
        }
    }
}
