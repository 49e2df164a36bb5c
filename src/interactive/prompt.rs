//! Prompts: PS1 and PS2, expanded before a line is asked for (XCU 2.5.3).

use crate::expand;
use crate::shell::vars::slot;
use crate::shell::{Opt, Shell};
use crate::status::ExitStatus;
use bstr::ByteSlice;

/// The text of PS1 (`slot::PS1`) or PS2, with its default when it is not set.
pub fn text(shell: &mut Shell, which: u32) -> String {
    let value = shell.vars.get(which).map(|value| value.to_vec());
    let value = value.unwrap_or_else(|| match which {
        slot::PS1 => default_primary(shell),
        _ => b"> ".to_vec(),
    });
    let status = shell.status;
    let line = shell.vars.line;
    let mut out = Vec::new();
    match crate::syntax::heredoc_word(&value, line) {
        Ok(word) if expand::here_document(shell, &word, &mut out).is_ok() => {}
        _ => out = value,
    }
    shell.status = status;
    shell.vars.line = line;
    out.to_str_lossy().into_owned()
}

fn default_primary(shell: &mut Shell) -> Vec<u8> {
    let end = if nix::unistd::geteuid().is_root() { "# " } else { "$ " };
    if shell.options.has(Opt::Posix) {
        return end.into();
    }
    let failed = if shell.status == ExitStatus::SUCCESS { String::new() } else { format!("[{}] ", shell.status.0) };
    let directory = shell.vars.get(slot::PWD).map(|path| path.to_vec()).unwrap_or_default();
    let mut out = failed.into_bytes();
    out.extend_from_slice(b"ipcsh ");
    // The directory is text, not something to expand.
    for byte in directory {
        if b"$`\\".contains(&byte) {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.extend_from_slice(end.as_bytes());
    out
}
