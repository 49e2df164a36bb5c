//! What an error does here: a status, or the end of the shell. The table of XCU 2.8.1, and nobody else decides.
//!
//! | error | a script | at a prompt |
//! |---|---|---|
//! | syntax error | ends | back to the prompt; in `eval` and `.`, their status |
//! | special builtin, or a redirection of one | ends, unless called by `command` | status |
//! | any other builtin or program, or a redirection of one | status | status |
//! | redirection of a compound command or function | status | status |
//! | assignment to a read-only variable, expansion error | ends | back to the prompt |
//! | command not found | status 127 | status 127 |
//!
//! At a prompt "the command in which the error occurred" is not processed further: that is the special builtin, and the rest of the line
//! is executed, as in bash, zsh and yash. An expansion that fails has no command with a status, and nothing of the line may be meant any more.

use crate::shell::Shell;
use crate::status::{Error, ExitStatus, Failure, Flow, Outcome};
use crate::syntax::SyntaxError;

/// Report an error that ends a script; at a prompt it only ends the command line.
pub fn fatal(shell: &mut Shell, error: &Error) -> Flow {
    shell.report(error);
    end(shell, error.status)
}

/// What an error of a special builtin (or of syntax) that has been reported does: it ends a script, but not a `command eval`
/// or `command .` around it.
pub fn survivable(shell: &mut Shell, status: ExitStatus) -> Outcome {
    if shell.is_at_prompt() {
        return Ok(status);
    }
    shell.is_survivable = true;
    Err(end(shell, status))
}

/// The flow of a fatal error that has been reported.
fn end(shell: &mut Shell, status: ExitStatus) -> Flow {
    shell.status = status;
    if shell.is_at_prompt() { Flow::Interrupt(status) } else { Flow::Exit(status) }
}

/// An expansion or an assignment that failed.
pub fn expansion(shell: &mut Shell, failure: Failure) -> Flow {
    match failure {
        Failure::Error(error) => fatal(shell, &error),
        Failure::Flow(flow) => flow,
    }
}

/// Nesting has used up the stack: everything up to the prompt ends, also the subshells around this place, so that
/// no level of the recursion goes on to recurse again.
pub fn nested_too_deeply(shell: &mut Shell, what: &[u8]) -> Flow {
    let mut text = what.to_vec();
    text.extend_from_slice(b": nested too deeply");
    let error = Error::usage(text);
    shell.report(&error);
    shell.status = error.status;
    Flow::Interrupt(error.status)
}

/// Something in a script is probably not meant.
pub fn warn(shell: &mut Shell, warning: &SyntaxError) {
    shell.vars.line = warning.line();
    shell.report(&Error::new(warning.message()));
}

/// A syntax error, with a picture of the place if a person looks at it.
pub fn syntax_error(shell: &mut Shell, error: &SyntaxError) -> Outcome {
    shell.vars.line = error.line();
    shell.report(&Error::usage(error.message()));
    if crate::sys::tty::is_terminal(2)
        && let Some(picture) = error.picture()
    {
        shell.io.write_error(&picture);
    }
    survivable(shell, ExitStatus::USAGE)
}
