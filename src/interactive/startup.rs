//! From the command line to a running shell (XCU, sh).

use crate::builtins;
use crate::exec::source::{self, Descriptor};
use crate::exec::{self, trap};
use crate::fields::Fields;
use crate::interactive::terminal;
use crate::jobs::terminal::monitor_changed;
use crate::shell::vars::slot;
use crate::shell::{Opt, Options, Shell};
use crate::status::{Error, ExitStatus, Flow, Outcome};
use crate::syntax::Parser;
use crate::sys::{entry, fd, signal, tty};
use bstr::{BString, ByteSlice};
use std::ffi::CString;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::rc::Rc;

/// What the command line says.
struct Invocation {
    options: Options,
    /// Operands behind the options.
    operands: Vec<BString>,
}

/// Run the shell; returns its exit status.
pub fn run() -> i32 {
    let ignored = signal::sanitise_at_entry();
    entry::close_what_was_closed();
    let arguments: Vec<BString> = std::env::args_os().map(|argument| BString::from(argument.into_vec())).collect();
    let mut shell = Shell::new(builtins::find);
    shell.traps.ignored_at_entry = ignored;
    import_environment(&mut shell);
    let zero = arguments.first().cloned().unwrap_or_else(|| BString::from("ipcsh"));
    let base = zero.rsplit(|&byte| byte == b'/').next().unwrap_or_default().to_vec();
    if base.strip_prefix(b"-").unwrap_or(&base) == b"sh" || shell.vars.value_of(b"POSIXLY_CORRECT").is_some() {
        shell.options.set(Opt::Posix, true);
    }
    shell.options.set(Opt::Login, base.starts_with(b"-"));
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
    let outcome = profiles(&mut shell).and_then(|_| start(&mut shell, invocation.operands));
    let status = match outcome {
        Ok(status) | Err(Flow::Exit(status) | Flow::Return(status) | Flow::Interrupt(status)) => status,
        Err(Flow::Break(_) | Flow::Continue(_) | Flow::Forked) => ExitStatus::SUCCESS,
    };
    trap::run_exit(&mut shell, status).0
}

const HELP: &str = "usage: ipcsh [-abCefhilmnuvx] [-o option]... [file [argument...]]
       ipcsh [options] -c command [name [argument...]]
       ipcsh [options] -s [argument...]
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
fn profiles(shell: &mut Shell) -> Outcome {
    if shell.options.has(Opt::Login) {
        let home = shell.vars.get(slot::HOME).map(|home| home.to_str_lossy().into_owned());
        for path in [Some("/etc/profile".to_owned()), home.map(|home| format!("{home}/.profile"))].into_iter().flatten()
        {
            // A file that is not there is no error.
            if let Ok(text) = std::fs::read(&path) {
                exec::run(shell, Parser::of_text(text, 1), false)?;
            }
        }
    }
    Ok(ExitStatus::SUCCESS)
}

fn import_environment(shell: &mut Shell) {
    let entries = std::env::vars_os().map(|(name, value)| {
        let mut entry = BString::from(name.into_vec());
        entry.push(b'=');
        entry.extend_from_slice(&value.into_vec());
        entry
    });
    shell.vars.import(entries);
    if shell.vars.get(slot::PS4).is_none() {
        let _ = shell.vars.set(slot::PS4, b"+ ");
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
    while let Some(argument) = arguments.get(index) {
        let on = match argument.first() {
            Some(b'-') => true,
            Some(b'+') if argument.len() > 1 => false,
            _ => break,
        };
        index += 1;
        match &argument[..] {
            b"-" | b"--" => break,
            b"--norc" | b"--posix" => {
                options.set(Opt::Posix, &argument[..] == b"--posix" || options.has(Opt::Posix));
                continue;
            }
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
            } else {
                let option = Options::by_letter(letter).ok_or_else(|| builtins::unknown_option(letter))?;
                options.set(option, on);
            }
        }
    }
    Ok(Invocation { options, operands: arguments[index.min(arguments.len())..].to_vec() })
}

/// Choose where commands come from, and execute them.
fn start(shell: &mut Shell, operands: Vec<BString>) -> Outcome {
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
        interactive_or_not(shell)?;
        return exec::run(shell, Parser::of_text(command, 1), true);
    }
    if !shell.options.has(Opt::Stdin)
        && let Some(file) = operands.next()
    {
        return script(shell, file, operands);
    }
    shell.options.set(Opt::Stdin, true);
    set_parameters(shell, operands);
    if tty::is_terminal(0) && tty::is_terminal(2) {
        shell.options.set(Opt::Interactive, true);
    }
    interactive_or_not(shell)?;
    if shell.options.has(Opt::Interactive) {
        return terminal::run(shell);
    }
    exec::run(shell, Parser::new(Box::new(Descriptor::standard_input())), false)
}

fn set_parameters(shell: &mut Shell, operands: impl Iterator<Item = BString>) {
    shell.params.replace(Rc::new(operands.collect::<Fields>()), 0);
}

/// Job control is on by default in an interactive shell; without a terminal that is no error.
fn interactive_or_not(shell: &mut Shell) -> Result<(), Flow> {
    if shell.options.has(Opt::Interactive) {
        terminal::prepare(shell);
        shell.options.set(Opt::Monitor, true);
    }
    if shell.options.has(Opt::Monitor) {
        let interactive = shell.options.has(Opt::Interactive);
        if let Err(error) = monitor_changed(&mut shell.jobs, true, interactive) {
            shell.report(&error);
        }
    }
    Ok(())
}

/// Execute a script file. A name without a slash that is not in the working directory is looked for in PATH.
fn script(shell: &mut Shell, name: BString, operands: impl Iterator<Item = BString>) -> Outcome {
    shell.params.zero = Rc::new(name.clone());
    set_parameters(shell, operands);
    let file = match open_script(shell, &name) {
        Ok(file) => file,
        Err(error) => {
            shell.report(&error);
            return Ok(error.status);
        }
    };
    shell.name = [b"ipcsh: ", &name[..]].concat().into();
    interactive_or_not(shell)?;
    let regular = nix::sys::stat::fstat(&file).is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFREG);
    let parser = if regular {
        match source::read_script(file.as_fd()) {
            Ok(text) => Parser::of_text(text, 1),
            Err(errno) => return Err(exec::consequence::fatal(shell, &Error::system(name, errno))),
        }
    } else {
        Parser::new(Box::new(Descriptor::script(file)))
    };
    exec::run(shell, parser, false)
}

fn open_script(shell: &mut Shell, name: &BString) -> Result<std::os::fd::OwnedFd, Error> {
    let cannot = |errno: nix::errno::Errno| {
        let status =
            if errno == nix::errno::Errno::ENOENT { ExitStatus::NOT_FOUND } else { ExitStatus::NOT_EXECUTABLE };
        Error::system([b"cannot open ", &name[..]].concat(), errno).with_status(status)
    };
    let path = CString::new(name.to_vec()).map_err(|_| cannot(nix::errno::Errno::ENOENT))?;
    let file = match fd::open(&path, libc::O_RDONLY, 0) {
        Err(nix::errno::Errno::ENOENT) if !name.contains(&b'/') => {
            let search = shell.vars.get(slot::PATH).map(|path| path.to_owned()).unwrap_or_default();
            let found =
                exec::program::search(&search, name.as_bstr()).map_err(|_| cannot(nix::errno::Errno::ENOENT))?;
            fd::open(&found, libc::O_RDONLY, 0)
        }
        result => result,
    }
    .map_err(cannot)?;
    let directory = nix::sys::stat::fstat(&file).is_ok_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFDIR);
    if directory { Err(cannot(nix::errno::Errno::EISDIR)) } else { Ok(file) }
}
