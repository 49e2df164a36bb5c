//! Redirections (XCU 2.7): open, dup2, save and restore.
//!
//! There are three ways to apply them, and one function that expands and opens (`open`):
//! - [`apply`]: to the shell's own descriptors, with the old ones kept at private numbers and put back;
//! - [`Plan`]: to a program, as a list of dup2 calls for the child; the shell's own descriptors do not change;
//! - [`direct`]: to a builtin that reads and writes through [`Stdio`] only: no dup2 at all.

mod plan;
mod saved;

pub use plan::Plan;
pub use saved::{Saved, replace};

use crate::exec::{consequence, pure, substitute, trap};
use crate::expand;
use crate::ipc::socket::device;
use crate::shell::io::Target;
use crate::shell::{Opt, Shell, Stdio};
use crate::status::{Error, ExitStatus, Failure, Flow, Outcome};
use crate::syntax::ast::{HereDoc, Redirect, RedirectOp, Word};
use crate::sys::signal::{self, bit};
use crate::sys::{fd, private, stream};
use bstr::ByteSlice;
use nix::errno::Errno;
use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// Why a redirection failed: the word could not be expanded (an expansion error), or the system refused (a redirection error).
/// XCU 2.8.1 treats them differently.
#[derive(Debug)]
pub enum RedirectFailure {
    /// As for any other word.
    Expansion(Failure),
    /// What follows depends on the command.
    Redirection(Error),
    /// The same, and it has been reported: where standard error was by then, so that `2>/dev/null <file` is silent.
    Reported(ExitStatus),
}

impl From<Error> for RedirectFailure {
    fn from(error: Error) -> Self {
        Self::Redirection(error)
    }
}

/// Report a redirection error of a command that it does not end the shell for.
pub fn failed(shell: &mut Shell, failure: RedirectFailure) -> Outcome {
    match failure {
        RedirectFailure::Redirection(error) => {
            shell.report(&error);
            Ok(error.status)
        }
        RedirectFailure::Reported(status) => Ok(status),
        RedirectFailure::Expansion(failure) => Err(crate::exec::consequence::expansion(shell, failure)),
    }
}

/// Report a redirection error now, while the redirections before it are in force.
fn reported(shell: &mut Shell, failure: RedirectFailure) -> RedirectFailure {
    match failure {
        RedirectFailure::Redirection(error) => {
            shell.report(&error);
            RedirectFailure::Reported(error.status)
        }
        failure => failure,
    }
}

/// What the descriptor becomes.
#[derive(Debug)]
enum Source {
    /// This file or here-document.
    File(OwnedFd),
    /// A copy of another descriptor. Whether that is open for reading or for writing shows when it is used (XCU 2.7.5, 2.7.6).
    Copy(RawFd),
    /// Closed.
    Close,
}

/// The descriptor that a redirection is for.
fn subject(redirect: &Redirect) -> RawFd {
    let default = match redirect.op {
        RedirectOp::Input(_) | RedirectOp::ReadWrite(_) | RedirectOp::DupInput(_) | RedirectOp::HereDoc(_) => 0,
        RedirectOp::Output(_) | RedirectOp::Clobber(_) | RedirectOp::Append(_) | RedirectOp::DupOutput(_) => 1,
    };
    redirect.fd.unwrap_or(default)
}

/// Expand the operand and open it, at a private number.
fn open_private(shell: &mut Shell, redirect: &Redirect) -> Result<Source, RedirectFailure> {
    match open(shell, redirect)? {
        Source::File(file) => {
            let private =
                fd::make_private(file).map_err(|errno| Error::system("cannot keep what was opened", errno))?;
            Ok(Source::File(private))
        }
        source => Ok(source),
    }
}

/// Expand the operand and open it, at the lowest free number above 2.
fn open(shell: &mut Shell, redirect: &Redirect) -> Result<Source, RedirectFailure> {
    use libc::{O_APPEND, O_CREAT, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY};
    let (word, flags) = match &redirect.op {
        RedirectOp::HereDoc(document) => return here_document(shell, document).map(Source::File),
        RedirectOp::DupInput(word) | RedirectOp::DupOutput(word) => return duplicate(shell, word),
        RedirectOp::Input(word) => (word, O_RDONLY),
        RedirectOp::Output(word) | RedirectOp::Clobber(word) => (word, O_WRONLY | O_CREAT | O_TRUNC),
        RedirectOp::Append(word) => (word, O_WRONLY | O_CREAT | O_APPEND),
        RedirectOp::ReadWrite(word) => (word, O_RDWR | O_CREAT),
    };
    let path = path(shell, word)?;
    if let Some(connection) = network(shell, &path) {
        return connection;
    }
    let what: &[u8] = if flags & O_CREAT == 0 { b"open" } else { b"create" };
    let keeps = matches!(redirect.op, RedirectOp::Output(_)) && shell.options.has(Opt::NoClobber);
    loop {
        match if keeps { no_clobber(&path) } else { fd::open_lowest(&path, flags, 0o666) } {
            Ok(file) => return Ok(Source::File(file)),
            Err(Errno::EINTR) => interrupted(shell)?,
            Err(errno) => return Err(cannot(what, &path, errno).into()),
        }
    }
}

/// A signal has come while a FIFO waited for its other end. Traps need not wait for that; ^C ends the command, as it would if it ran.
fn interrupted(shell: &mut Shell) -> Result<(), RedirectFailure> {
    let pending = signal::pending();
    trap::run_pending(shell)?;
    if pending & bit(libc::SIGINT) != 0 {
        return Err(RedirectFailure::Reported(ExitStatus::from_signal(libc::SIGINT)));
    }
    Ok(())
}

/// Whether opening the file could wait for somebody else: a FIFO. (It is not known if the expansion of the word would leave a trace.)
pub fn may_wait(shell: &mut Shell, redirect: &Redirect) -> bool {
    use RedirectOp::{Append, Clobber, Input, Output};
    let (Input(word) | Output(word) | Clobber(word) | Append(word)) = &redirect.op else { return false };
    let mut path = Vec::new();
    pure::is_pure(word)
        && expand::field(shell, word, &mut path).is_ok()
        && CString::new(path).is_ok_and(|path| stream::is_fifo(&path) == Ok(true))
}

/// `/dev/tcp/HOST/PORT` and `/dev/udp/HOST/PORT` are connections, as in ksh93 and bash; to a POSIX shell they are file names.
fn network(shell: &mut Shell, path: &CString) -> Option<Result<Source, RedirectFailure>> {
    let wanted = device::wanted(path.as_bytes()).filter(|_| !shell.options.has(Opt::Posix))?;
    let named = |words: String| Error::new([b"cannot open ", path.as_bytes(), b": ", words.as_bytes()].concat());
    let Some(device) = device::parse(path.as_bytes()) else {
        return Some(Err(named(format!("expected {wanted}HOST/PORT")).into()));
    };
    let opened = device::open(&device).inspect(|connection| shell.io.own_input(connection.as_raw_fd()));
    Some(opened.map(Source::File).map_err(|words| named(words).into()))
}

fn cannot(what: &[u8], path: &CString, errno: Errno) -> Error {
    let mut text = b"cannot ".to_vec();
    text.extend_from_slice(what);
    text.push(b' ');
    text.extend_from_slice(path.as_bytes());
    Error::system(text, errno)
}

/// `>` with `set -C`: create the file, or open an existing one that is not a regular file. O_EXCL makes it one step with the test.
fn no_clobber(path: &CString) -> Result<OwnedFd, Errno> {
    match fd::open(path, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL, 0o666) {
        Err(Errno::EEXIST) => {
            let file = fd::open(path, libc::O_WRONLY, 0)?;
            let regular = nix::sys::stat::fstat(&file)?.st_mode & libc::S_IFMT == libc::S_IFREG;
            if regular { Err(Errno::EEXIST) } else { Ok(file) }
        }
        result => result,
    }
}

/// The operand as a path.
fn path(shell: &mut Shell, word: &Word) -> Result<CString, RedirectFailure> {
    let mut path = Vec::new();
    expand::field(shell, word, &mut path).map_err(RedirectFailure::Expansion)?;
    let path = CString::new(path).map_err(|_| Error::new("file name contains a NUL byte"))?;
    substitute::before_open(shell, &path)?;
    // Others see a file that is opened or created.
    shell.io.settle();
    Ok(path)
}

/// `<&word` and `>&word`.
fn duplicate(shell: &mut Shell, word: &Word) -> Result<Source, RedirectFailure> {
    let mut operand = Vec::new();
    expand::field(shell, word, &mut operand).map_err(RedirectFailure::Expansion)?;
    // A copy of a descriptor shares its offset.
    shell.io.settle();
    if operand == b"-" {
        return Ok(Source::Close);
    }
    if operand.is_empty() || !operand.iter().all(u8::is_ascii_digit) {
        operand.extend_from_slice(b": not a descriptor number");
        return Err(Error::new(operand).into());
    }
    let from = operand.to_str().ok().and_then(|digits| digits.parse().ok()).unwrap_or(RawFd::MAX);
    Ok(Source::Copy(from))
}

/// Check that the user opened this descriptor: the shell's own, which are close-on-exec, are not his.
fn check_copy(from: RawFd) -> Result<(), Error> {
    if fd::is_private(from) {
        return Err(bad_descriptor(from));
    }
    check_open(from, from)
}

/// Check that `real`, which the user calls `from`, is open.
fn check_open(real: RawFd, from: RawFd) -> Result<(), Error> {
    if fd::is_open(real) { Ok(()) } else { Err(bad_descriptor(from)) }
}

fn bad_descriptor(fd: RawFd) -> Error {
    Error::system(format!("descriptor {fd} is not open"), Errno::EBADF)
}

fn expand_document(shell: &mut Shell, document: &HereDoc, out: &mut Vec<u8>) -> Result<(), RedirectFailure> {
    match document.body.get() {
        Some(word) => expand::here_document(shell, word, out).map_err(RedirectFailure::Expansion),
        None => Ok(()),
    }
}

/// A descriptor from which the body of a here-document can be read: a pipe if it fits, else an
/// anonymous file. Neither needs a process that writes it.
fn here_document(shell: &mut Shell, document: &HereDoc) -> Result<OwnedFd, RedirectFailure> {
    let mut body = Vec::new();
    expand_document(shell, document, &mut body)?;
    let failed = |errno| RedirectFailure::from(Error::system("cannot make a here-document", errno));
    match fd::pipe_with(&body).map_err(failed)? {
        Some(pipe) => Ok(pipe),
        None => fd::file_with(&body).map_err(failed),
    }
}

/// Apply redirections to the shell's own descriptors.
///
/// # Errors
/// The first one that fails; those before it are put back.
pub fn apply(shell: &mut Shell, redirects: &[Redirect]) -> Result<Saved, RedirectFailure> {
    apply_all(shell, redirects, false)
}

/// The same, not to be put back: `exec` without a command.
///
/// # Errors
/// As [`apply`].
pub fn change(shell: &mut Shell, redirects: &[Redirect]) -> Result<(), RedirectFailure> {
    apply_all(shell, redirects, true).map(drop)
}

fn apply_all(shell: &mut Shell, redirects: &[Redirect], for_good: bool) -> Result<Saved, RedirectFailure> {
    let mut saved = Saved::new(&shell.io);
    for (index, redirect) in redirects.iter().enumerate() {
        // Nothing can fail after the last one.
        let saves = !for_good || index + 1 < redirects.len();
        if let Err(failure) = apply_one(shell, redirect, saves.then_some(&mut saved)) {
            let failure = reported(shell, failure);
            saved.restore(shell);
            return Err(failure);
        }
    }
    Ok(saved)
}

fn apply_one(shell: &mut Shell, redirect: &Redirect, saved: Option<&mut Saved>) -> Result<(), RedirectFailure> {
    let number = subject(redirect);
    let source = open(shell, redirect)?;
    shell.io.forget_input();
    if let Source::Copy(1) = source {
        substitute::need_real_output(shell)?;
    }
    let cannot = |errno| Error::system(number.to_string(), errno);
    match source {
        // The number was free, and it is the one that is wanted.
        Source::File(file) if file.as_raw_fd() == number => {
            fd::keep_over_exec(file).map_err(cannot)?;
            if let Some(saved) = saved {
                saved.was_closed(number);
            }
        }
        source => move_to(shell, source, number, saved)?,
    }
    shell.io.have_real(number);
    Ok(())
}

/// Make descriptor `number` what `source` is.
fn move_to(shell: &mut Shell, source: Source, number: RawFd, saved: Option<&mut Saved>) -> Result<(), RedirectFailure> {
    if fd::is_private(number) {
        if matches!(source, Source::Close) {
            // The user has none with this number.
            return Ok(());
        }
        make_way(number)?;
    }
    if let Source::Copy(from) = source {
        check_copy(from)?;
    }
    if let Some(saved) = saved {
        match saved.save(number) {
            Err(Errno::EMFILE) if shell.function_depth > 100 => {
                return Err(consequence::nested_too_deeply(shell, b"a redirected command (too many open files)").into());
            }
            result => result.map_err(|errno| Error::system(format!("cannot save descriptor {number}"), errno))?,
        }
    }
    let changed = match source {
        Source::File(file) => fd::dup2(file.as_raw_fd(), number),
        Source::Copy(from) => fd::dup2(from, number),
        Source::Close => {
            // It may be closed already.
            let _ = fd::close(number);
            Ok(())
        }
    };
    Ok(changed.map_err(|errno| Error::system(number.to_string(), errno))?)
}

/// The user's descriptor `number` is about to be opened, and the shell has something of its own there.
fn make_way(number: RawFd) -> Result<(), Error> {
    match private::move_away(number) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::new(format!("{number}: this descriptor is in use by the shell"))),
        Err(errno) => Err(Error::system(format!("{number}: this descriptor is in use by the shell"), errno)),
    }
}

/// Whether [`direct`] can do these redirections. Not if there is a here-document among several: it is text in memory there, and has no
/// descriptor to copy. Not if one that follows another could open, by a name like `/dev/stdout`, the
/// descriptor that the other has changed. And not if they are many, because all files stay open.
pub fn can_be_direct(redirects: &[Redirect]) -> bool {
    redirects.len() <= 4
        && redirects.iter().enumerate().all(|(index, redirect)| {
            let alone = redirects.len() == 1 || !matches!(redirect.op, RedirectOp::HereDoc(_));
            (0..=2).contains(&subject(redirect)) && alone && (index == 0 || !may_open_a_descriptor(redirect))
        })
}

fn may_open_a_descriptor(redirect: &Redirect) -> bool {
    match &redirect.op {
        RedirectOp::HereDoc(_) | RedirectOp::DupInput(_) | RedirectOp::DupOutput(_) => false,
        RedirectOp::Input(word)
        | RedirectOp::Output(word)
        | RedirectOp::Clobber(word)
        | RedirectOp::Append(word)
        | RedirectOp::ReadWrite(word) => word.plain().is_none_or(|path| names_a_descriptor(path)),
    }
}

/// Whether a word is a name of an open descriptor: `/dev/stdin`, `/dev/fd/3`, `/proc/self/fd/0`, the address `fd:0`.
pub fn names_a_descriptor(path: &[u8]) -> bool {
    path.starts_with(b"/dev/std")
        || path.starts_with(b"/dev/fd")
        || path.starts_with(b"/proc/")
        || path.starts_with(b"fd:")
}

/// Redirect a builtin by telling it other descriptors. Returns the opened files, which live as long as the builtin runs, and what
/// `shell.io` was.
pub fn direct(shell: &mut Shell, redirects: &[Redirect]) -> Result<(Vec<OwnedFd>, Standard), RedirectFailure> {
    let old = Standard { input: shell.io.input, output: shell.io.output, error: shell.io.error };
    let mut files = Vec::new();
    if let [Redirect { op: RedirectOp::HereDoc(document), fd: None | Some(0), .. }] = redirects {
        let mut text = Vec::new();
        expand_document(shell, document, &mut text)?;
        shell.io.read_from(text);
        return Ok((files, old));
    }
    // With several, one could copy the number of another. A single one is open as long as the builtin runs, which uses no number
    // but this.
    let open = if redirects.len() == 1 { open } else { open_private };
    for redirect in redirects {
        let target = match open(shell, redirect) {
            Ok(Source::File(file)) => {
                files.push(file);
                Target::Fd(files.last().map_or(-1, AsRawFd::as_raw_fd))
            }
            Ok(Source::Close) => Target::Closed,
            Ok(Source::Copy(from)) => match copied(&shell.io, from) {
                Ok(target) => target,
                Err(error) => return Err(direct_failed(shell, old, error.into())),
            },
            Err(failure) => return Err(direct_failed(shell, old, failure)),
        };
        match (subject(redirect), target) {
            (0, Target::Fd(fd)) => shell.io.input = fd,
            (0, _) => shell.io.input = -1,
            (1, target) => shell.io.output = target,
            (_, target) => shell.io.error = target,
        }
    }
    Ok((files, old))
}

/// What a copy of the user's descriptor is, which a redirection of the same command may have changed.
fn copied(io: &Stdio, from: RawFd) -> Result<Target, Error> {
    let real = match from {
        0 if io.input < 0 => Target::Closed,
        0 => Target::Fd(io.input),
        1 => io.output,
        2 => io.error,
        _ => Target::Fd(from),
    };
    match real {
        Target::Fd(fd) if fd == from => check_copy(from)?,
        Target::Fd(fd) => check_open(fd, from)?,
        Target::Closed => return Err(bad_descriptor(from)),
        Target::Capture(_) => {}
    }
    Ok(real)
}

fn direct_failed(shell: &mut Shell, old: Standard, failure: RedirectFailure) -> RedirectFailure {
    let failure = reported(shell, failure);
    old.restore(shell);
    failure
}

/// Where the standard descriptors were.
#[derive(Clone, Copy, Debug)]
pub struct Standard {
    input: RawFd,
    output: Target,
    error: Target,
}

impl Standard {
    /// Put them back.
    pub fn restore(self, shell: &mut Shell) {
        if shell.io.input != self.input {
            shell.io.forget_input();
        }
        shell.io.input = self.input;
        shell.io.output = self.output;
        shell.io.error = self.error;
        shell.io.materialise();
    }
}

/// A change of flow while a redirection was expanded.
impl From<Flow> for RedirectFailure {
    fn from(flow: Flow) -> Self {
        Self::Expansion(Failure::Flow(flow))
    }
}
