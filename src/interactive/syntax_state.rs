//! Is a text a complete command? The parser says it: it asks for another line when, and only when, it needs one.

use crate::shell::Shell;
use crate::syntax::{LineSource, ParseError, Parser, Prompt, ReadError};
use bstr::BString;
use std::cell::Cell;
use std::rc::Rc;

/// The lines of a text, and whether more of them were wanted inside a command.
struct Probe {
    text: BString,
    /// The offset of the next line.
    next: usize,
    wanted_more: Rc<Cell<bool>>,
}

impl LineSource for Probe {
    fn next_line(&mut self, prompt: Prompt) -> Result<Option<BString>, ReadError> {
        let rest = &self.text[self.next..];
        if rest.is_empty() {
            self.wanted_more.set(self.wanted_more.get() || prompt == Prompt::Continuation);
            return Ok(None);
        }
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        self.next += length;
        Ok(Some(BString::from(&rest[..length])))
    }
}

/// Whether Enter behind the text ends a command (or a syntax error), or whether the command goes on.
pub fn is_complete(shell: &Shell, text: &[u8]) -> bool {
    let mut lines = BString::from(text);
    lines.push(b'\n');
    let wanted_more = Rc::new(Cell::new(false));
    let mut parser = Parser::new(Box::new(Probe { text: lines, next: 0, wanted_more: Rc::clone(&wanted_more) }));
    loop {
        match parser.next_command(&shell.aliases, &shell.pools) {
            Ok(Some(_)) if !wanted_more.get() => {}
            Err(ParseError::Syntax(error)) if !error.at_end() => return true,
            _ => return !wanted_more.get(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_and_what_does_not() {
        let shell = Shell::new(crate::builtins::find);
        for open in
            ["if true", "echo 'a", "cat <<E\nx", "a |", "a &&", "f() {", "echo \\", "echo $(ls", "{ a", "case x in"]
        {
            assert!(!is_complete(&shell, open.as_bytes()), "{open}");
        }
        for closed in ["", "ls", "if true; then :; fi", "cat <<E\nx\nE", "a\nb", "echo )", "fi", "# x", "echo \"a\nb\""]
        {
            assert!(is_complete(&shell, closed.as_bytes()), "{closed}");
        }
    }
}
