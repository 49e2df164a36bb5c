//! The shell's state and nothing else: independent types, put together in [`Shell`].

pub mod aliases;
pub mod files;
pub mod functions;
pub mod gather;
pub mod history;
pub mod io;
pub mod lookahead;
pub mod names;
pub mod options;
pub mod params;
pub mod texts;
pub mod traps;
pub mod vars;

use crate::fields::Buffers;
use crate::ipc::mq::posix::Held;
use crate::ipc::rpc::session::Session;
use crate::jobs::table::JobTable;
use crate::quote::visible;
use crate::status::{Error, ExitStatus};
use crate::syntax::Pools;
use crate::sys::private::Private;
use crate::sys::signal;
use bstr::BString;
use nix::unistd::Pid;
use std::os::fd::OwnedFd;

pub use functions::Commands;
pub use io::Stdio;
pub use options::{Opt, Options};
pub use params::Params;
pub use texts::Texts;
pub use traps::Traps;
pub use vars::Vars;

/// Everything that a shell remembers between two commands.
#[derive(Debug)]
pub struct Shell {
    /// Variables.
    pub vars: Vars,
    /// `$0` and the positional parameters.
    pub params: Params,
    /// Functions, and where programs were found.
    pub commands: Commands,
    /// Aliases.
    pub aliases: aliases::Aliases,
    /// `set` options.
    pub options: Options,
    /// Trap actions.
    pub traps: Traps,
    /// The commands that were typed.
    pub history: history::History,
    /// Jobs.
    pub jobs: JobTable,
    /// Where builtins read and write.
    pub io: Stdio,
    /// `$?`
    pub status: ExitStatus,
    /// `$$`: the process id of the shell that was started, also in subshells.
    pub pid: i32,
    /// Prefix of messages: the name of the shell.
    pub name: BString,
    /// Which file the current command is from, which messages name behind it.
    pub files: files::Files,
    /// What `break` can leave.
    pub loops: Loops,
    /// Function calls and `.` scripts around the current command: what `return` can leave.
    pub return_depth: u32,
    /// Function calls around the current command: where `local` is allowed.
    pub function_depth: u32,
    /// The length of the locals at the innermost function call.
    pub locals_mark: usize,
    /// The options that come back at the end of the innermost function call: `local -`.
    pub local_options: Option<Options>,
    /// Conditions around the current command where `set -e` does not apply.
    pub errexit_ignored: u32,
    /// The subshells around the current command that this process knows of; see `exec::substitute`.
    pub subshells: Vec<Subshell>,
    /// How many of them enclose, or are, the one for which this process was forked.
    pub process_level: usize,
    /// `ulimit` has set a limit (of time or memory) beyond which a process ends: subshells are processes, with limits of their own.
    pub is_limited: bool,
    /// The status of the last command substitution, for commands without a name.
    pub substitution_status: Option<ExitStatus>,
    /// What `getopts` knows beside OPTIND.
    pub getopts: Getopts,
    /// What last ended a script or `eval` was an error that `command eval` survives: of syntax, or of a special builtin.
    pub is_survivable: bool,
    /// In a trap action, but not in a subshell of it: what `exit` and `return` without an operand need to know.
    pub in_trap: Option<InTrap>,
    /// A signal has ended the shell: what keeps an `exit` to itself lets this one pass.
    pub ended_by_signal: bool,
    /// The signal of which the process dies when its EXIT action is through.
    pub deadly: Option<i32>,
    /// Remote procedure calls: interfaces that were read, connections that are kept.
    pub rpc: Session,
    /// Buffers of fields that are not in use.
    pub pool: Buffers,
    /// Other buffers that are not in use.
    pub buffers: Vec<Vec<u8>>,
    /// Commands of texts that may be executed again.
    pub texts: Texts,
    /// The parser's buffers.
    pub pools: Pools,
    /// Queues whose messages are announced to this shell (`mq notify`).
    pub held: Held,
    /// Signals (bits as in `sys::signal`) whose default action an interactive shell has changed for itself.
    pub own_signals: u64,
}

/// Where a trap action began.
#[derive(Clone, Copy, Debug)]
pub struct InTrap {
    /// `$?` immediately before it: the status of an `exit` or `return` without operand that ends the action.
    pub status: ExitStatus,
    /// [`Shell::return_depth`] then: a `return` at this depth ends the action.
    pub return_depth: u32,
}

/// What `getopts` remembers from call to call beside OPTIND.
#[derive(Clone, Copy, Debug, Default)]
pub struct Getopts {
    /// The offset inside the argument with several option letters.
    pub offset: usize,
    /// The last call has found the end of the options.
    pub at_end: bool,
    /// After that, `set` has given other parameters: the next call begins with the first, whatever OPTIND says.
    pub anew: bool,
}

/// The loops around the current command; a function and a `.` script begin with none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loops {
    /// How many there are.
    pub depth: u32,
    /// How many of them are around the subshell: they do not enclose what is in it.
    pub outside: u32,
}

/// A subshell that began inside this process.
#[derive(Debug, Default)]
pub struct Subshell {
    /// How many command substitutions there are around its commands; the last of them gets its output.
    pub captures: usize,
    /// When it ends, the subshell around it (or the shell) ends too.
    pub last: bool,
    /// The process that it has become (on the parent's side), and where its output comes from.
    pub process: Option<(Pid, Option<OwnedFd>)>,
    /// The working directory at its beginning, once it has changed.
    pub directory: Option<Private>,
}

impl Shell {
    /// A shell as it is before arguments and environment are looked at. `find_builtin` finds a builtin's number.
    pub fn new(find_builtin: fn(&[u8]) -> Option<u8>) -> Self {
        Self {
            vars: Vars::new(),
            params: Params::default(),
            commands: Commands::new(find_builtin),
            aliases: aliases::Aliases::default(),
            options: Options::default(),
            traps: Traps::default(),
            history: history::History::default(),
            jobs: JobTable::default(),
            io: Stdio::default(),
            status: ExitStatus::SUCCESS,
            pid: nix::unistd::getpid().as_raw(),
            name: BString::from("ipcsh"),
            files: files::Files::default(),
            loops: Loops::default(),
            return_depth: 0,
            function_depth: 0,
            locals_mark: 0,
            local_options: None,
            errexit_ignored: 0,
            subshells: Vec::new(),
            process_level: 0,
            is_limited: false,
            substitution_status: None,
            getopts: Getopts::default(),
            is_survivable: false,
            in_trap: None,
            ended_by_signal: false,
            deadly: None,
            rpc: Session::default(),
            pool: Buffers::default(),
            buffers: Vec::new(),
            texts: Texts::default(),
            pools: Pools::default(),
            held: Held::default(),
            own_signals: 0,
        }
    }

    /// Whether the current command is executed in a subshell of any kind.
    pub fn is_subshell(&self) -> bool {
        !self.subshells.is_empty()
    }

    /// Whether the current command is that of a person at a prompt.
    pub fn is_at_prompt(&self) -> bool {
        self.options.has(Opt::Interactive) && !self.is_subshell()
    }

    /// Whether jobs get process groups of their own.
    #[inline]
    pub fn has_job_control(&self) -> bool {
        self.options.has(Opt::Monitor) && !self.is_subshell()
    }

    /// Whether the current command is executed in a subshell that is not a process of its own.
    #[inline]
    pub fn is_virtual(&self) -> bool {
        self.subshells.len() > self.process_level
    }

    /// The signals (bits as in `sys::signal`) that end the sleep of a builtin: those with a trap, those that end the shell, ^C at a prompt, a
    /// hang-up.
    pub fn interrupting(&self) -> u64 {
        self.traps.caught()
            | self.traps.for_exit
            | self.own_signals & (signal::bit(libc::SIGINT) | signal::bit(libc::SIGHUP))
    }

    /// Print an error on standard error: `ipcsh: script.sh: line 3: cd: foo: No such file or directory`.
    pub fn report(&mut self, error: &Error) {
        let mut line = visible(&self.name);
        let file = self.files.name();
        if let Some(file) = file {
            line.extend_from_slice(b": ");
            line.extend(visible(file));
        }
        // At a prompt there is one command, whose lines need no number; in a file there are many.
        if (!self.options.has(Opt::Interactive) || file.is_some()) && self.vars.line > 0 {
            line.extend_from_slice(b": line ");
            vars::append_integer(&mut line, i64::from(self.vars.line));
        }
        // A name in a message is shown and not obeyed; and a CR at the end of a word is what nobody would see.
        line.extend_from_slice(b": ");
        let lines: Vec<_> = error.message().split(|&byte| byte == b'\n').map(visible).collect();
        line.extend_from_slice(&lines.join(&b'\n'));
        line.push(b'\n');
        self.io.write_error(&line);
    }
}
