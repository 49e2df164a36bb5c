//! A command edited with a program of the user's: ^X^E, vi's `v`, `fc`.

use crate::exec;
use crate::interactive::text::{to_bytes, to_text};
use crate::shell::Shell;
use crate::status::Error;
use crate::syntax::Parser;

/// Edit a text with the program that `program` (a shell word list) names; `None` if the program fails. Errors are reported.
pub fn edit(shell: &mut Shell, text: &str, program: &str) -> Option<String> {
    let mut bytes = to_bytes(text);
    bytes.push(b'\n');
    let path = match crate::shell::history::file::scratch(&bytes) {
        Ok(path) => path,
        Err(error) => {
            shell.report(&error);
            return None;
        }
    };
    let quoted = crate::quote::quote(path.as_os_str().as_encoded_bytes());
    let mut command = program.as_bytes().to_vec();
    command.push(b' ');
    command.extend_from_slice(&quoted);
    command.push(b'\n');
    let status = shell.status;
    let outcome = exec::run(shell, Parser::of_text(command, 1), false);
    shell.status = status;
    let edited = std::fs::read(&path);
    // Only a file in the way of another one would be left.
    let _ = std::fs::remove_file(&path);
    match (outcome, edited) {
        (Ok(status), Ok(edited)) if status.is_success() => Some(to_text(&edited)),
        (_, Err(error)) => {
            let errno = nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO));
            shell.report(&Error::system("cannot read the edited command", errno));
            None
        }
        _ => None,
    }
}
