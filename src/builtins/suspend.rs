//! `suspend`: stop the shell, as ^Z stops any other program. Its parent, usually another shell, continues it.
//!
//! The shell goes back to the group in which it was started, because that is the group that the other shell knows as its job (there
//! may be a `su` between the two), stops itself, and takes the terminal again when it goes on.

use crate::builtins::{Builtin, BuiltinResult, Kind, options};
use crate::fields::Fields;
use crate::jobs::terminal;
use crate::shell::{Opt, Shell};
use crate::status::{Error, ExitStatus};
use crate::sys::signal;

/// `suspend [-f]`
pub const BUILTIN: Builtin = Builtin {
    name: "suspend",
    kind: Kind::Regular,
    usage: "suspend [-f]",
    about: "Stop the shell until SIGCONT: back to the shell that started it.\n-f  even if no other shell may be there to continue it",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, first) = options(fields, "f")?;
    if fields.get(first).is_some() {
        return Err(Error::usage("too many arguments").into());
    }
    if !shell.has_job_control() {
        return Err(Error::new("no job control").into());
    }
    if found.is_empty() && (shell.options.has(Opt::Login) || terminal::is_session_leader()) {
        return Err(Error::new("nobody could continue this shell; `suspend -f` stops it all the same").into());
    }
    terminal::let_go(&mut shell.jobs);
    signal::send(nix::unistd::getpid().as_raw(), libc::SIGSTOP).map_err(|errno| Error::system("cannot stop", errno))?;
    terminal::monitor_changed(&mut shell.jobs, true, shell.options.has(Opt::Interactive))?;
    Ok(ExitStatus::SUCCESS)
}
