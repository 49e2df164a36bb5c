//! From the command line to a running shell (XCU, sh).

use crate::builtins;
use crate::exec::source::{self, Descriptor};
use crate::exec::{self, trap};
use crate::fields::Fields;
use crate::interactive::{mail, terminal};
use crate::jobs::terminal::monitor_changed;
use crate::shell::vars::{parse_integer, slot};
use crate::shell::{Opt, Options, Shell};
use crate::status::{self, Error, ExitStatus, Failure, Flow, Outcome};
use crate::syntax::Parser;
use crate::sys::{fd, signal, tty};
use bstr::{BString, ByteSlice};
use std::ffi::CString;
use std::ffi::OsStr;
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What the command line says.
struct Invocation {
    options: Options,
    /// Operands behind the options.
    operands: Vec<BString>,
    refused: Refused,
}

/// What an interactive shell is asked not to do.
#[derive(Clone, Copy, Default)]
struct Refused {
    /// `--norc`: to read the rc file.
    rc: bool,
    /// `+m`: job control.
    monitor: bool,
    /// `+H`: history expansion.
    histexpand: bool,
}

impl Refused {
    /// An option of the command line is on or off.
    fn note(&mut self, option: Opt, on: bool) {
        self.monitor |= option == Opt::Monitor && !on;
        self.histexpand |= option == Opt::HistExpand && !on;
    }
}

/// Whether a person sits there: `-i`, or commands come from a terminal, and there is one for messages (XCU, sh, OPTIONS).
fn is_interactive(shell: &Shell, invocation: &Invocation) -> bool {
    let options = shell.options;
    let from_input = options.has(Opt::Stdin) || invocation.operands.is_empty();
    let reads_terminal = !options.has(Opt::CommandString) && from_input && tty::is_terminal(0) && tty::is_terminal(2);
    options.has(Opt::Interactive) || reads_terminal
}

/// Run the shell; returns its exit status.
pub fn run() -> i32 {
    signal::sanitise_at_entry();
    let arguments: Vec<BString> = std::env::args_os().map(|argument| BString::from(argument.into_vec())).collect();
    let mut shell = Shell::new(builtins::find);
    import_environment(&mut shell);
    let zero = arguments.first().cloned().unwrap_or_else(|| BString::from("ipcsh"));
    let base = zero.rsplit(|&byte| byte == b'/').next().unwrap_or_default().to_vec();
    if base.strip_prefix(b"-").unwrap_or(&base) == b"sh" || shell.vars.value_of(b"POSIXLY_CORRECT").is_some() {
        shell.options.set(Opt::Posix, true);
    }
    shell.options.set(Opt::Login, zero.starts_with(b"-"));
    shell.params.zero = Rc::new(zero.clone());
    match arguments.get(1).map(|argument| &argument[..]) {
        Some(b"--version") => return print(&mut shell, &format!("ipcsh {}\n", env!("CARGO_PKG_VERSION"))),
        Some(b"--help") => return print(&mut shell, HELP),
        _ => {}
    }
    let invocation = match parse(shell.options, &arguments) {
        Ok(invocation) => invocation,
        Err(error) => {
            shell.report(&error);
            return error.status.0;
        }
    };
    shell.options = invocation.options;
    shell.vars.export_all = shell.options.has(Opt::AllExport);
    if is_interactive(&shell, &invocation) {
        shell.options.set(Opt::Interactive, true);
    }
    shell.io.gathers = !shell.options.has(Opt::Interactive);
    take_control(&mut shell, invocation.refused);
    let outcome = profiles(&mut shell).and_then(|()| start(&mut shell, invocation));
    let status = trap::run_exit(&mut shell, status::at_end(outcome));
    // Connections say good-bye; the rest of the memory goes with the process, all at once.
    drop(std::mem::take(&mut shell.rpc));
    trap::die(&shell);
    std::mem::forget(shell);
    status.0
}

const HELP: &str = "usage: ipcsh [-abCefhHilmnuvx] [-o option]... [file [argument...]]
       ipcsh [options] -c command [name [argument...]]
       ipcsh [options] -s [argument...]
  -c  execute the command          -s  read commands from standard input
  -i  interactive                  -l, --login  read /etc/profile and ~/.profile
  --posix  as POSIX says where ipcsh differs      --norc  do not read the rc file
  --version  --help
Type `help` in the shell for its builtins.
";

fn print(shell: &mut Shell, text: &str) -> i32 {
    match shell.io.write(text.as_bytes()) {
        Ok(()) => 0,
        Err(error) => {
            shell.report(&error);
            error.status.0
        }
    }
}

/// A login shell reads /etc/profile and ~/.profile (XCU, sh, leaves this to the implementation; all shells do it).
fn profiles(shell: &mut Shell) -> Result<(), Flow> {
    if !shell.options.has(Opt::Login) {
        return Ok(());
    }
    read_file(shell, b"/etc/profile")?;
    // Not before: that of Debian gives every PS1 that it finds the value of dash's.
    default_prompt(shell);
    let home = shell.vars.get(slot::HOME).filter(|home| !home.is_empty()).map(|home| home.to_vec());
    home.map_or(Ok(()), |home| read_file(shell, &[&home[..], b"/.profile"].concat()))
}

/// What an interactive shell reads: the file that ENV names, expanded, but not if the shell is set-id (XCU, sh, ENV); then,
/// beside POSIX mode, `rc` in the user's configuration directory.
fn interactive_files(shell: &mut Shell, no_rc: bool) -> Result<(), Flow> {
    if !shell.options.has(Opt::Interactive) {
        return Ok(());
    }
    default_prompt(shell);
    mail::set_interval(shell);
    let ids_differ = nix::unistd::getuid() != nix::unistd::geteuid() || nix::unistd::getgid() != nix::unistd::getegid();
    let value =
        shell.vars.get(slot::ENV).filter(|value| !value.is_empty() && !ids_differ).map(|value| value.to_owned());
    if let Some(value) = value {
        let mut path = Vec::new();
        match crate::syntax::heredoc_word(&value, 1) {
            Ok(word) => match crate::expand::here_document(shell, &word, &mut path) {
                Ok(()) => read_file(shell, &path)?,
                Err(Failure::Error(error)) => shell.report(&error.within("ENV")),
                Err(Failure::Flow(_)) => {}
            },
            Err(error) => shell.report(&Error::usage(error.message()).within("ENV")),
        }
    }
    if no_rc || ids_differ || shell.options.has(Opt::Posix) || std::env::var_os("HOME").is_none() {
        return Ok(());
    }
    match dirs::config_dir() {
        Some(directory) => read_file(shell, directory.join("ipcsh/rc").as_os_str().as_bytes()),
        None => Ok(()),
    }
}

/// Execute the commands of a start-up file. One that is not there is no error. An error in it is reported with its line and ends
/// the file, not the shell; only `exit` does that.
fn read_file(shell: &mut Shell, path: &[u8]) -> Result<(), Flow> {
    let text = match std::fs::read(Path::new(OsStr::from_bytes(path))) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            let errno = nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO));
            shell.report(&Error::system(path, errno));
            return Ok(());
        }
    };
    let file = shell.files.begin(path);
    shell.is_survivable = false;
    let outcome = exec::compound::returnable(shell, |shell| exec::run(shell, Parser::of_text(text, 1), false));
    shell.files.current = file;
    shell.vars.line = 0;
    match outcome {
        Err(Flow::Exit(status)) if !shell.is_survivable => Err(Flow::Exit(status)),
        Err(Flow::Forked) => Err(Flow::Forked),
        // A login shell that is not interactive survives a syntax error, too.
        _ => Ok(()),
    }
}

/// Where the history is kept: HISTFILE, where that is set (empty: nowhere), else in the user's directory for state, if it is a
/// person's: commands from a pipe are not.
pub fn history_path(shell: &mut Shell) -> Option<PathBuf> {
    match shell.vars.value_of(b"HISTFILE") {
        Some(path) if path.is_empty() => None,
        Some(path) => Some(PathBuf::from(OsStr::from_bytes(path))),
        None if !tty::is_terminal(0) || std::env::var_os("HOME").is_none() => None,
        None => dirs::state_dir().map(|directory| directory.join("ipcsh/history")),
    }
}

/// PATH in an environment without one.
const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn import_environment(shell: &mut Shell) {
    let entries = std::env::vars_os().map(|(name, value)| {
        let mut entry = BString::from(name.into_vec());
        entry.push(b'=');
        entry.extend_from_slice(&value.into_vec());
        entry
    });
    shell.vars.import(entries);
    shell.vars.set_default(slot::PS2, b"> ");
    shell.vars.set_default(slot::PS4, b"+ ");
    let level = shell.vars.value_of(b"SHLVL").and_then(|level| parse_integer(level)).unwrap_or(0);
    let level_slot = shell.vars.slot_of(b"SHLVL");
    let _ = shell.vars.set_integer(level_slot, level.clamp(0, 999_999) + 1);
    shell.vars.set_exported(level_slot, true);
    let old = shell.vars.get(slot::OLDPWD).map(|path| path.to_owned());
    if old.is_some_and(|path| !Path::new(OsStr::from_bytes(&path)).is_dir()) {
        let _ = shell.vars.unset(slot::OLDPWD);
    }
    if shell.vars.get(slot::PATH).is_none() {
        let _ = shell.vars.set(slot::PATH, DEFAULT_PATH);
    }
    let parent = nix::unistd::getppid().as_raw();
    // Neither variable is read-only.
    let _ = shell.vars.set_integer(slot::PPID, i64::from(parent));
    if let Some(directory) = builtins::cd::initial_pwd(shell) {
        let _ = shell.vars.set(slot::PWD, &directory);
        shell.vars.set_exported(slot::PWD, true);
    }
}

/// Options by the rules of `set`, and -c, -i, -l, -s.
fn parse(mut options: Options, arguments: &[BString]) -> Result<Invocation, Error> {
    let mut index = 1;
    let mut refused = Refused::default();
    while let Some(argument) = arguments.get(index) {
        let on = match argument.first() {
            Some(b'-') => true,
            Some(b'+') if argument.len() > 1 => false,
            _ => break,
        };
        index += 1;
        match &argument[..] {
            b"-" | b"--" => break,
            b"--norc" => {
                refused.rc = true;
                continue;
            }
            b"--posix" => {
                options.set(Opt::Posix, true);
                continue;
            }
            b"--login" => {
                options.set(Opt::Login, true);
                continue;
            }
            long if long.starts_with(b"--") => return Err(Error::usage([long, b": no such option"].concat())),
            _ => {}
        }
        for &letter in &argument[1..] {
            if letter == b'o' {
                let name = arguments.get(index).ok_or_else(|| Error::usage("-o: option name expected"))?;
                index += 1;
                let option = Options::by_name(name).ok_or_else(|| {
                    let mut text = BString::from("-o: no such option: ");
                    text.extend_from_slice(name);
                    Error::usage(text)
                })?;
                options.set(option, on);
                refused.note(option, on);
            } else if letter == b'c' {
                options.set(Opt::CommandString, true);
            } else {
                let option = Options::by_letter(letter).ok_or_else(|| builtins::unknown_option(letter))?;
                options.set(option, on);
                refused.note(option, on);
            }
        }
    }
    Ok(Invocation { options, operands: arguments[index.min(arguments.len())..].to_vec(), refused })
}

/// Choose where commands come from, and execute them.
fn start(shell: &mut Shell, invocation: Invocation) -> Outcome {
    let Invocation { operands, refused, .. } = invocation;
    let mut operands = operands.into_iter();
    if shell.options.has(Opt::CommandString) {
        let Some(command) = operands.next() else {
            let error = Error::usage("-c: command expected");
            shell.report(&error);
            return Ok(error.status);
        };
        if let Some(name) = operands.next() {
            shell.name = name.clone();
            shell.params.zero = Rc::new(name);
        }
        set_parameters(shell, operands);
        interactive_files(shell, refused.rc)?;
        return command_string(shell, Parser::of_text(command, 1));
    }
    if !shell.options.has(Opt::Stdin)
        && let Some(file) = operands.next()
    {
        return script(shell, file, operands, refused);
    }
    shell.options.set(Opt::Stdin, true);
    set_parameters(shell, operands);
    interactive_files(shell, refused.rc)?;
    if shell.options.has(Opt::Interactive) {
        return terminal::run(shell);
    }
    exec::run(shell, Parser::new(Box::new(Descriptor::standard_input())), false)
}

/// What `-c` was given. An error does not end an interactive shell (XCU 2.8.1), only the line; ^C ends it.
fn command_string(shell: &mut Shell, mut parser: Parser<'_>) -> Outcome {
    let goes_on = shell.options.has(Opt::Interactive);
    let interrupted = ExitStatus::from_signal(libc::SIGINT);
    loop {
        let outcome = exec::run_from(shell, &mut parser, true);
        match outcome {
            Err(Flow::Interrupt(status)) if goes_on && status != interrupted && !parser.is_at_end() => {
                shell.status = status;
            }
            outcome => return outcome,
        }
    }
}

fn set_parameters(shell: &mut Shell, operands: impl Iterator<Item = BString>) {
    shell.params.replace(Rc::new(operands.collect::<Fields>()), 0);
}

/// Signals and job control, which is on by default in an interactive shell; without a terminal that is no error. Before the first
/// start-up file: ^C ends one that hangs, and not the shell.
fn take_control(shell: &mut Shell, refused: Refused) {
    if shell.options.has(Opt::Interactive) {
        terminal::prepare(shell);
        shell.options.set(Opt::Monitor, !refused.monitor);
        shell.options.set(Opt::HistExpand, !refused.histexpand && !shell.options.has(Opt::Posix));
    }
    if shell.options.has(Opt::Monitor) {
        let interactive = shell.options.has(Opt::Interactive);
        if let Err(error) = monitor_changed(&mut shell.jobs, true, interactive) {
            shell.report(&error);
        }
    }
}

/// PS1 has a default value in an interactive shell (XCU 2.5.3): start-up files put something before it, and ask for it to learn
/// whether a person is there.
fn default_prompt(shell: &mut Shell) {
    if shell.options.has(Opt::Interactive) {
        let value: &[u8] = if shell.options.has(Opt::Posix) { b"$ " } else { b"\\p" };
        shell.vars.set_default(slot::PS1, value);
    }
}

/// Execute a script file. A name without a slash that is not in the working directory is looked for in PATH.
fn script(shell: &mut Shell, name: BString, operands: impl Iterator<Item = BString>, refused: Refused) -> Outcome {
    shell.params.zero = Rc::new(name.clone());
    set_parameters(shell, operands);
    let file = match open_script(shell, &name) {
        Ok(file) => file,
        Err(error) => {
            shell.report(&error);
            return Ok(error.status);
        }
    };
    interactive_files(shell, refused.rc)?;
    shell.files.begin(&name);
    let regular = nix::sys::stat::fstat(&file).is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFREG);
    let mut parser = if regular {
        match source::read_script(file.as_fd()) {
            Ok(text) if source::is_binary(&text) => {
                shell.report(&Error::new("cannot execute: this is a binary file"));
                return Ok(ExitStatus::NOT_EXECUTABLE);
            }
            Ok(text) => {
                drop(file);
                Parser::of_text(text, 1)
            }
            Err(errno) => return Err(exec::consequence::fatal(shell, &Error::system(name, errno))),
        }
    } else {
        Parser::new(Box::new(Descriptor::script(file)))
    };
    loop {
        // Not even the last command takes the place of the process: if a signal ends it, somebody has to say so.
        match exec::run_from(shell, &mut parser, false) {
            // An error ends the command and not the shell, as at the prompt.
            Err(Flow::Interrupt(status)) if shell.options.has(Opt::Interactive) => shell.status = status,
            outcome => return outcome,
        }
    }
}

fn open_script(shell: &mut Shell, name: &BString) -> Result<std::os::fd::OwnedFd, Error> {
    let cannot = |errno: nix::errno::Errno| {
        let status = match errno {
            nix::errno::Errno::ENOENT => ExitStatus::NOT_FOUND,
            // It can be opened, and not be read.
            nix::errno::Errno::EISDIR => ExitStatus::NOT_READ,
            _ => ExitStatus::NOT_EXECUTABLE,
        };
        Error::system([b"cannot open ", &name[..]].concat(), errno).with_status(status)
    };
    let path = CString::new(name.to_vec()).map_err(|_| cannot(nix::errno::Errno::ENOENT))?;
    let file = match fd::open(&path, libc::O_RDONLY, 0) {
        Err(nix::errno::Errno::ENOENT) if !name.contains(&b'/') => {
            let directories = exec::program::Search::Path.directories(shell);
            let found =
                exec::program::search(&directories, name.as_bstr()).map_err(|_| cannot(nix::errno::Errno::ENOENT))?;
            fd::open(&found, libc::O_RDONLY, 0)
        }
        result => result,
    }
    .map_err(cannot)?;
    let directory = nix::sys::stat::fstat(&file).is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFDIR);
    if directory { Err(cannot(nix::errno::Errno::EISDIR)) } else { Ok(file) }
}
