//! The shell at a terminal: rustyline reads the lines, the parser asks for as many as a command has.

use crate::exec::source::Descriptor;
use crate::exec::{self, trap};
use crate::interactive::prompt;
use crate::jobs::{report, wait};
use crate::shell::Shell;
use crate::shell::vars::slot;
use crate::status::{Error, ExitStatus, Flow, Outcome};
use crate::syntax::{LineSource, Parser, Prompt, ReadError};
use crate::sys::signal::{self, Disposition, bit};
use crate::sys::tty;
use bstr::BString;
use rustyline::error::ReadlineError;
use std::cell::RefCell;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

/// Both prompts, expanded before a command is parsed.
type Prompts = Rc<RefCell<(String, String)>>;

/// Lines from the line editor.
struct Editor {
    editor: rustyline::DefaultEditor,
    prompts: Prompts,
}

impl LineSource for Editor {
    fn next_line(&mut self, prompt: Prompt) -> Result<Option<BString>, ReadError> {
        let text = match prompt {
            Prompt::Primary => self.prompts.borrow().0.clone(),
            Prompt::Continuation => self.prompts.borrow().1.clone(),
        };
        match self.editor.readline(&text) {
            Ok(mut line) => {
                // A line that cannot be remembered is executed all the same.
                let _ = self.editor.add_history_entry(&line);
                line.push('\n');
                Ok(Some(line.into()))
            }
            Err(ReadlineError::Eof) => Ok(None),
            Err(ReadlineError::Interrupted) => Err(ReadError::Interrupted),
            Err(error) => Err(ReadError::Failed(Error::new(format!("cannot read a line: {error}")))),
        }
    }
}

/// Lines from something that is no terminal, with prompts on standard error (`-i`).
struct Plain {
    input: Descriptor,
    prompts: Prompts,
}

impl LineSource for Plain {
    fn next_line(&mut self, prompt: Prompt) -> Result<Option<BString>, ReadError> {
        let prompts = self.prompts.borrow();
        let text = if prompt == Prompt::Primary { &prompts.0 } else { &prompts.1 };
        // A prompt that cannot be shown is no reason not to read.
        let _ = crate::sys::fd::write_all(2, text.as_bytes());
        self.input.next_line(prompt)
    }
}

/// Signals of an interactive shell (XCU 2.12): SIGINT is noted, SIGQUIT and SIGTERM and the stops are ignored.
pub fn prepare(shell: &mut Shell) {
    let stops = [libc::SIGQUIT, libc::SIGTERM, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];
    for number in stops {
        // Only SIGKILL and SIGSTOP are refused.
        let _ = signal::set(number, Disposition::Ignore);
        shell.own_signals |= bit(number);
    }
    let _ = signal::set(libc::SIGINT, Disposition::Catch);
    shell.own_signals |= bit(libc::SIGINT);
}

/// The file that ENV names, expanded; not for a set-id shell (XCU, sh, ENV).
fn read_environment_file(shell: &mut Shell) -> Outcome {
    let ids_differ = nix::unistd::getuid() != nix::unistd::geteuid() || nix::unistd::getgid() != nix::unistd::getegid();
    let value =
        shell.vars.get(slot::ENV).filter(|value| !value.is_empty() && !ids_differ).map(|value| value.to_owned());
    let Some(value) = value else { return Ok(ExitStatus::SUCCESS) };
    let mut path = Vec::new();
    if let Ok(word) = crate::syntax::heredoc_word(&value, 1)
        && crate::expand::here_document(shell, &word, &mut path).is_err()
    {
        return Ok(ExitStatus::FAILURE);
    }
    // No such file is no error.
    let Ok(text) = std::fs::read(std::path::Path::new(std::ffi::OsStr::from_bytes(&path))) else {
        return Ok(ExitStatus::FAILURE);
    };
    exec::run(shell, Parser::of_text(text, 1), false)
}

/// Read, execute, repeat, until the end of the input or `exit`.
pub fn run(shell: &mut Shell) -> Outcome {
    let prompts = Prompts::default();
    let source: Box<dyn LineSource> = match rustyline::DefaultEditor::new() {
        Ok(editor) if tty::is_terminal(0) => Box::new(Editor { editor, prompts: Rc::clone(&prompts) }),
        _ => Box::new(Plain { input: Descriptor::standard_input(), prompts: Rc::clone(&prompts) }),
    };
    if let Err(Flow::Exit(status)) = read_environment_file(shell) {
        return Ok(status);
    }
    let mut parser = Parser::new(source);
    loop {
        wait::poll(&mut shell.jobs);
        let notices = report::notices(&mut shell.jobs);
        shell.io.write_error(&notices);
        let texts = (prompt::text(shell, slot::PS1), prompt::text(shell, slot::PS2));
        *prompts.borrow_mut() = texts;
        let flow = match parser.next_command(&shell.aliases, &shell.pools) {
            Ok(None) => return Ok(shell.status),
            Ok(Some(commands)) => exec::list(shell, &commands, false).and_then(|status| {
                if signal::is_pending() {
                    trap::run_pending(shell)?
                }
                Ok(status)
            }),
            Err(error) => Err(exec::parse_error(shell, error)),
        };
        match flow {
            Ok(status) | Err(Flow::Interrupt(status)) => shell.status = status,
            Err(Flow::Exit(status)) => return Ok(status),
            Err(_) => shell.status = ExitStatus::SUCCESS,
        }
    }
}
