//! Is a text a complete command, and if not, what is open in it? The parser says it: it asks for another line when, and only when, it
//! needs one, and tells what it needs it for.

use crate::shell::Shell;
use crate::syntax::{LineSource, ParseError, Parser, Prompt, ReadError};
use bstr::BString;
use std::cell::RefCell;
use std::rc::Rc;

/// What the parser has said of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// The command is not complete: behind the last line another one is wanted.
    pub goes_on: bool,
    /// What is open at the start of each line but the first one, and of the one that is wanted. Empty where a command begins.
    pub open: Vec<String>,
}

/// The lines of a text.
struct Probe {
    text: BString,
    /// The offset of the next line.
    next: usize,
    said: Rc<RefCell<Lines>>,
}

impl LineSource for Probe {
    fn next_line(&mut self, prompt: Prompt<'_>) -> Result<Option<BString>, ReadError> {
        let rest = &self.text[self.next..];
        let mut said = self.said.borrow_mut();
        if self.next > 0 && !said.goes_on {
            said.open.push(match prompt {
                Prompt::Primary => String::new(),
                Prompt::Continuation(open) => open.to_string(),
            });
        }
        if rest.is_empty() {
            said.goes_on |= matches!(prompt, Prompt::Continuation(_));
            return Ok(None);
        }
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |newline| newline + 1);
        self.next += length;
        Ok(Some(BString::from(&rest[..length])))
    }
}

/// Whether Enter behind the text ends a command (or a syntax error), or whether the command goes on; and what its lines stand in, up to
/// an error of syntax.
pub fn lines(shell: &Shell, text: &[u8]) -> Lines {
    let mut text = BString::from(text);
    text.push(b'\n');
    let said = Rc::new(RefCell::new(Lines::default()));
    let mut parser = Parser::new(Box::new(Probe { text, next: 0, said: Rc::clone(&said) }));
    loop {
        let command = parser.next_command(&shell.aliases, &shell.pools);
        let goes_on = said.borrow().goes_on;
        match command {
            Ok(Some(_)) if !goes_on => {}
            Err(ParseError::Syntax(error)) if !error.at_end() => {
                return Lines { goes_on: false, open: said.take().open };
            }
            _ => return said.take(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_and_what_does_not() {
        let shell = Shell::new(crate::builtins::find);
        let goes_on = |text: &str| lines(&shell, text.as_bytes()).goes_on;
        for open in
            ["if true", "echo 'a", "cat <<E\nx", "a |", "a &&", "f() {", "echo \\", "echo $(ls", "{ a", "case x in"]
        {
            assert!(goes_on(open), "{open}");
        }
        for closed in ["", "ls", "if true; then :; fi", "cat <<E\nx\nE", "a\nb", "echo )", "fi", "# x", "echo \"a\nb\""]
        {
            assert!(!goes_on(closed), "{closed}");
        }
    }

    #[test]
    fn what_is_open_is_named_line_by_line() {
        let shell = Shell::new(crate::builtins::find);
        let open = |text: &str| lines(&shell, text.as_bytes()).open.join("|");
        assert_eq!(open("if a\nthen\nb\nelif c\nthen d\nelse"), "if|if then|if then|if elif|if then|if else");
        assert_eq!(open("for i\nin a\ndo\nwhile b\ndo c"), "for|for|for do|for do while|for do while do");
        assert_eq!(open("until a\ndo b\ndone\nc"), "until|until do||");
        assert_eq!(open("case a\nin\nb) c\n;;"), "case|case in|case in|case in");
        assert_eq!(open("f()\n{\n(\na)"), "function|function {|function { (|function {");
        assert_eq!(open("a |\nb &&\nc ||\n! d |"), "pipe|and|or|pipe");
        assert_eq!(open("echo 'a\n' \"b\\\n\" `c\n` $'d\n' e\\"), "quote|dquote|backquote|quote|");
        assert_eq!(open("echo \"$(if a\n then b; fi\n) ${c-\n} $((1 +\n1))\nd"), "$( if|$(|${|$((|dquote|dquote");
        let documents = open("{ cat <<A <<'B C'\nA\nb\nB C\nc");
        assert_eq!(documents, "{ heredoc A|{ heredoc B C|{ heredoc B C|{|{");
        // Two commands; an error.
        assert_eq!(open("a\nb"), "|");
        assert_eq!(open("if a\n)\nb"), "if");
    }
}
