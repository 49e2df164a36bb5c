//! The interactive loop without the line editor, for a terminal that cannot be drawn on (TERM=dumb) and for `-i` without a terminal:
//! lines with prompts before them, without one escape sequence.
//!
//! A line is waited for before it is read, because the sleep ends for more than a line: ^C drops what was typed, a hang-up ends the shell,
//! and with `set -b` what becomes of jobs is told at once.

use crate::exec::source::Descriptor;
use crate::exec::{self, trap};
use crate::interactive::mail::Mail;
use crate::interactive::prompt;
use crate::interactive::terminal::{leave, remember, tell_news};
use crate::interactive::text::{to_bytes, visible};
use crate::jobs::{report, wait};
use crate::shell::vars::slot;
use crate::shell::{Opt, Shell};
use crate::status::{ExitStatus, Flow, Outcome};
use crate::syntax::{LineSource, Parser, Prompt, ReadError};
use crate::sys::signal::{self, Disposition, bit};
use crate::sys::{fd, file, tty};
use bstr::BString;
use std::cell::RefCell;
use std::rc::Rc;

/// Where both the loop and the parser read.
struct Lines {
    input: Descriptor,
    /// Both prompts, expanded before a command is parsed; `None`: the shell's own, which names what is open.
    prompts: (String, Option<String>),
    /// The line with which a command begins: the loop has read it.
    first: Option<BString>,
}

/// The signals that end what is typed.
const ENDING: u64 = bit(libc::SIGINT) | bit(libc::SIGHUP);

/// The lines of a command behind its first one.
struct Rest(Rc<RefCell<Lines>>);

impl LineSource for Rest {
    fn next_line(&mut self, prompt: Prompt<'_>) -> Result<Option<BString>, ReadError> {
        let mut lines = self.0.borrow_mut();
        if let Some(first) = lines.first.take() {
            return Ok(Some(first));
        }
        match (prompt, &lines.prompts) {
            (Prompt::Primary, (primary, _)) => show(primary),
            (_, (_, Some(own))) => show(own),
            (Prompt::Continuation(open), (_, None)) => {
                show(&prompt::continuation(&open.to_string(), tty::window(2).0.unwrap_or(80)));
            }
        }
        lines.input.next_line(prompt)
    }
}

fn show(text: &str) {
    // A prompt that cannot be shown is no reason not to read.
    let _ = fd::write_all(2, &to_bytes(text));
}

/// Show the prompt and wait for input; false: a signal has ended the wait.
fn wait_at_prompt(shell: &mut Shell, prompt: &str) -> bool {
    show(prompt);
    let notify = shell.options.has(Opt::Notify);
    // SIGCHLD can be set.
    let old = notify.then(|| signal::set(libc::SIGCHLD, Disposition::Catch)).and_then(Result::ok);
    let caught = shell.traps.caught() | shell.own_signals & ENDING;
    let children = if notify { bit(libc::SIGCHLD) } else { 0 };
    let mut has_input = file::wait_for_input(0, caught | children).is_ok();
    while !has_input && signal::pending() & caught == 0 {
        if shell.traps.caught() & children == 0 {
            signal::take(libc::SIGCHLD);
        }
        wait::poll(&mut shell.jobs);
        let notices = if notify { report::notices(&mut shell.jobs) } else { BString::default() };
        if !notices.is_empty() {
            show(&format!("\n{}{prompt}", visible(&notices)));
        }
        has_input = file::wait_for_input(0, caught | children).is_ok();
    }
    if let Some(old) = old {
        let _ = signal::set(libc::SIGCHLD, old);
    }
    has_input
}

/// Read, execute, repeat.
pub fn run(shell: &mut Shell) -> Outcome {
    let input = Descriptor::prompted(ENDING);
    let lines = Rc::new(RefCell::new(Lines { input, prompts: Default::default(), first: None }));
    let mut parser = Parser::new(Box::new(Rest(Rc::clone(&lines))));
    let mut mail = Mail::default();
    loop {
        let flow = trap::run_pending(shell).and_then(|()| {
            tell_news(shell, &mut mail);
            let prompts = (prompt::text(shell, slot::PS1, false), prompt::secondary(shell, false));
            let has_input = wait_at_prompt(shell, &prompts.0);
            lines.borrow_mut().prompts = prompts;
            if has_input { command(shell, &lines, &mut parser) } else { Ok(true) }
        });
        match flow {
            Ok(false) => return Ok(shell.status),
            Ok(true) => {}
            Err(Flow::Interrupt(status)) => shell.status = status,
            Err(Flow::Exit(status)) => return Ok(status),
            Err(_) => shell.status = ExitStatus::SUCCESS,
        }
    }
}

/// Read and execute a line, and those that its command needs, if it is not blank; false at the end of the input.
fn command(shell: &mut Shell, lines: &RefCell<Lines>, parser: &mut Parser<'_>) -> Result<bool, Flow> {
    let first = lines.borrow_mut().input.next_line(Prompt::Primary);
    match first {
        Ok(Some(line)) if line.iter().all(u8::is_ascii_whitespace) => return Ok(true),
        Ok(Some(line)) => lines.borrow_mut().first = Some(line),
        // The parser would ask again.
        Ok(None) => return end(shell),
        Err(ReadError::Interrupted) => return Err(Flow::Interrupt(ExitStatus::from_signal(libc::SIGINT))),
        // The terminal is gone.
        Err(ReadError::Failed(error)) => {
            shell.report(&error);
            return Err(Flow::Exit(error.status));
        }
    }
    // ^C may have ended the line before.
    parser.forget_line();
    loop {
        let goes_on = read_and_execute(shell, parser)?;
        if !goes_on || !parser.is_within_line() {
            return Ok(goes_on);
        }
    }
}

/// The command that comes next on the line; false at the end of the input.
fn read_and_execute(shell: &mut Shell, parser: &mut Parser<'_>) -> Result<bool, Flow> {
    parser.record(true);
    let parsed = parser.next_command(&shell.aliases, &shell.pools);
    let text = parser.last_text().to_owned();
    if shell.options.has(Opt::Verbose) {
        shell.io.write_error(&text);
    }
    let list = match parsed {
        Ok(Some(list)) => list,
        Ok(None) => return end(shell),
        Err(error) => {
            shell.status = exec::parse_error(shell, error)?;
            return Ok(true);
        }
    };
    // The rest of a line is remembered with it.
    if !text.is_empty() {
        remember(shell, &text);
    }
    let outcome = exec::list(shell, &list, false);
    shell.history.has_current = false;
    shell.status = outcome?;
    Ok(true)
}

/// The end of the input: at a terminal, ^D.
fn end(shell: &mut Shell) -> Result<bool, Flow> {
    if !tty::is_terminal(0) {
        return Ok(false);
    }
    if shell.options.has(Opt::IgnoreEof) {
        shell.io.write_error(b"\nUse `exit` to leave the shell.\n");
    } else {
        shell.io.write_error(b"\n");
        leave(shell)?;
    }
    Ok(true)
}
