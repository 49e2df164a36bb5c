//! The interactive loop: read a command, execute it, until the end of the input or `exit`.
//!
//! On a terminal that can be drawn on, the line editor gives a whole command of one or more lines. Everything else is
//! [`plain`].

use crate::exec::{self, trap};
use crate::interactive::edit::{Editor, Stop};
use crate::interactive::mail::{self, Mail};
use crate::interactive::terminfo::Terminfo;
use crate::interactive::text::{to_bytes, visible};
use crate::interactive::{plain, prompt, startup};
use crate::jobs::report;
use crate::shell::history::file;
use crate::shell::vars::slot;
use crate::shell::{Opt, Shell};
use crate::status::{Error, ExitStatus, Flow, Outcome};
use crate::syntax::Parser;
use crate::syntax::ast::{List, SimpleCommand};
use crate::sys::signal::{self, Disposition, bit, bits};
use crate::sys::tty;

/// Signals of an interactive shell (XCU 2.12): SIGINT is noted, SIGQUIT and SIGTERM and the stops are ignored; SIGHUP is noted, to
/// be handed on to the jobs. What was ignored at entry stays so for the shell's programs, and SIGHUP (`nohup`) for the shell, too.
pub fn prepare(shell: &mut Shell) {
    let caught = bit(libc::SIGINT) | bit(libc::SIGHUP);
    for number in bits(caught | signal::STOPS | bit(libc::SIGQUIT) | bit(libc::SIGTERM)) {
        if signal::get(number) == Ok(Disposition::Ignore) {
            shell.traps.ignored_at_entry |= bit(number);
            if number == libc::SIGHUP {
                continue;
            }
        }
        let wanted = if caught & bit(number) == 0 { Disposition::Ignore } else { Disposition::Catch };
        // Only SIGKILL and SIGSTOP are refused.
        let _ = signal::set(number, wanted);
        shell.own_signals |= bit(number);
    }
}

/// Whether colours are wanted (<https://no-color.org>) and possible.
fn has_colours(shell: &mut Shell, terminfo: &mut Terminfo) -> bool {
    let refused = shell.vars.value_of(b"NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && terminfo.abilities(shell).colours
}

/// Read, execute, repeat, until the end of the input or `exit`.
pub fn run(shell: &mut Shell) -> Outcome {
    begin_history(shell);
    let mut terminfo = Terminfo::default();
    let is_drawn_on = tty::is_terminal(0) && tty::is_terminal(2) && terminfo.abilities(shell).moves;
    if is_drawn_on { edited(shell, &mut terminfo) } else { plain::run(shell) }
}

/// What the user wants of the history: its size, and whether repetitions count.
fn obey(shell: &mut Shell) {
    let size = shell.vars.value_of(b"HISTSIZE").map(|size| size.to_vec());
    shell.history.set_size(size.as_deref());
    shell.history.repeats = shell.options.has(Opt::Posix);
}

/// Read the history file. What cannot be read is not missed.
fn begin_history(shell: &mut Shell) {
    obey(shell);
    shell.history.on = true;
    shell.history.file = startup::history_path(shell);
    if let Some(path) = shell.history.file.clone()
        && let Err(error) = file::load(&mut shell.history, &path)
    {
        shell.report(&error);
    }
}

/// Remember a command: before it is executed, so that it is not lost with the shell.
pub(super) fn remember(shell: &mut Shell, text: &[u8]) {
    obey(shell);
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let private = text.first().is_some_and(u8::is_ascii_whitespace) && !shell.options.has(Opt::Posix);
    if !shell.history.on || private {
        return;
    }
    shell.history.record(text);
}

/// Before a prompt: what has become of jobs, and new mail.
pub(super) fn tell_news(shell: &mut Shell, mail: &mut Mail) {
    let mut notices = report::before_prompt(&mut shell.jobs);
    notices.extend_from_slice(&mail::news(shell, mail));
    if !notices.is_empty() {
        shell.io.write_error(&to_bytes(&visible(&notices)));
    }
}

/// The loop around the line editor.
fn edited(shell: &mut Shell, terminfo: &mut Terminfo) -> Outcome {
    let mut editor = Editor::default();
    let mut mail = Mail::default();
    let mut ran = false;
    loop {
        tell_news(shell, &mut mail);
        editor.colours = has_colours(shell, terminfo);
        let first = prompt::text(shell, slot::PS1, editor.colours);
        let second = prompt::secondary(shell, editor.colours);
        // A prompt that the user has set stands where the user expects it.
        let ensure_new_line = std::mem::replace(&mut ran, false) && prompt::is_own(shell);
        match editor.read(shell, &first, second.as_deref(), ensure_new_line) {
            Ok(text) => {
                ran = true;
                let mut bytes = to_bytes(&text);
                remember(shell, &bytes);
                bytes.push(b'\n');
                if shell.options.has(Opt::Verbose) {
                    shell.io.write_error(&bytes);
                }
                let mut parser = Parser::of_text(bytes, 1);
                let result = commands(shell, &mut parser);
                shell.history.has_current = false;
                if let Err(Flow::Exit(status)) = result {
                    return Ok(status);
                }
            }
            Err(Stop::NotExecuted(text, None)) => remember(shell, &to_bytes(&text)),
            Err(Stop::NotExecuted(text, Some(error))) => {
                shell.report(&error);
                shell.history.refuse(&to_bytes(&text));
            }
            Err(Stop::Interrupt) => shell.status = ExitStatus::from_signal(libc::SIGINT),
            Err(Stop::Flow(Flow::Exit(status))) => return Ok(status),
            Err(Stop::Flow(_)) => {}
            Err(Stop::EndOfInput) => {
                if let Err(Flow::Exit(status)) = leave(shell) {
                    return Ok(status);
                }
            }
            Err(Stop::Gone) => return Ok(shell.status),
        }
    }
}

/// ^D does what `exit` does.
pub(super) fn leave(shell: &mut Shell) -> Result<(), Flow> {
    commands(shell, &mut Parser::of_text("\\exit\n", 1))
}

/// Execute all commands of a source.
///
/// # Errors
/// The shell is to end. Everything else has come back to the prompt.
fn commands(shell: &mut Shell, parser: &mut Parser<'_>) -> Result<(), Flow> {
    loop {
        match one_command(shell, parser) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(Flow::Interrupt(status)) => {
                shell.status = status;
                return Ok(());
            }
            Err(Flow::Exit(status)) => return Err(Flow::Exit(status)),
            Err(_) => shell.status = ExitStatus::SUCCESS,
        }
    }
}

/// Whether somebody has written `command &>file`, which redirects both outputs in other shells. For the standard it is `command &` and an
/// empty file, and nobody at a prompt means that.
fn has_both_outputs(list: &List) -> bool {
    let only_redirects = |command: &SimpleCommand| {
        command.words.is_empty() && command.assignments.is_empty() && !command.redirects.is_empty()
    };
    list.items.windows(2).any(|pair| pair[0].background && pair[1].and_or.alone().is_some_and(only_redirects))
}

/// Parse and execute one command; false at the end of the source, which an error of syntax is too.
fn one_command(shell: &mut Shell, parser: &mut Parser<'_>) -> Result<bool, Flow> {
    match parser.next_command(&shell.aliases, &shell.pools) {
        Ok(None) => Ok(false),
        Ok(Some(list)) => {
            if !shell.options.has(Opt::Posix) && has_both_outputs(&list) {
                let meant = Error::new("write `>file 2>&1` for both outputs");
                shell.report(&meant.within("`&>` is `&` and `>` in this shell"));
            }
            shell.status = exec::list(shell, &list, false)?;
            if signal::is_pending() {
                trap::run_pending(shell)?;
            }
            Ok(true)
        }
        Err(error) => {
            shell.status = exec::parse_error(shell, error)?;
            Ok(false)
        }
    }
}
