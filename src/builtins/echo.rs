//! `echo` (XCU `echo`). What options and backslashes do is implementation-defined there, and fixed by XSI: escape sequences are always
//! interpreted. That holds in POSIX mode, as in most `sh`; otherwise `-e` turns them on, as in most other shells, so that
//! `echo "$line"` prints a line as it is.

use super::escape::{Escapes, unescape_into};
use super::{Builtin, BuiltinResult, Kind, write_collected};
use crate::fields::Fields;
use crate::shell::{Opt, Shell};
use crate::status::ExitStatus;

/// The row of `echo`.
pub const BUILTIN: Builtin = Builtin {
    name: "echo",
    kind: Kind::Plain,
    usage: "echo [-neE] [STRING...]",
    about: r"write the strings with blanks between them and a newline
-n  without the newline
-e  interpret \a \b \c (ends the output) \e \f \n \r \t \v \\ \0NNN \xHH \uHHHH
-E  do not (what happens without -e)
In POSIX mode escape sequences are always interpreted, and -n alone is an option. printf is the portable way.",
    run,
};

/// How to print.
#[derive(Clone, Copy)]
struct Style {
    newline: bool,
    escapes: Option<Escapes>,
}

/// How the leading options say to print, and the index of the first operand.
fn style(fields: &Fields, posix: bool) -> (Style, usize) {
    let mut style = Style { newline: true, escapes: posix.then_some(Escapes::Echo) };
    let mut first = 1;
    while let Some([b'-', letters @ ..]) = fields.get(first).map(AsRef::<[u8]>::as_ref) {
        let is_option = if posix { letters == b"n" } else { letters.iter().all(|letter| b"neE".contains(letter)) };
        if letters.is_empty() || !is_option {
            break;
        }
        first += 1;
        for letter in letters {
            match letter {
                b'n' => style.newline = false,
                b'e' => style.escapes = Some(Escapes::EchoOption),
                _ => style.escapes = None,
            }
        }
        if posix {
            break;
        }
    }
    (style, first)
}

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (style, first) = style(fields, shell.options.has(Opt::Posix));
    write_collected(shell, |_, out| {
        for (index, field) in fields.iter_from(first).enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            match style.escapes {
                None => out.extend_from_slice(field),
                Some(escapes) if unescape_into(out, field, escapes) => {}
                Some(_) => return,
            }
        }
        if style.newline {
            out.push(b'\n');
        }
    })?;
    Ok(ExitStatus::SUCCESS)
}
