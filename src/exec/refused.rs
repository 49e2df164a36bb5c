//! Why a program could not be executed, in words: what execve(2) says of a file may be true of another one that the file names.

use crate::exec::job;
use crate::status::{Error, ExitStatus};
use crate::sys::fd;
use crate::sys::spawn::Step;
use bstr::{BStr, BString, ByteSlice};
use nix::errno::Errno;
use std::ffi::{CStr, OsStr};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// There is no command with this name.
pub fn not_found(name: &BStr) -> Error {
    let mut text = BString::from(name);
    text.extend_from_slice(b": not found");
    if name.ends_with(b"\r") {
        text.extend_from_slice(b" (the script has Windows line ends, and the CR is part of the word)");
    }
    Error::new(text).with_status(ExitStatus::NOT_FOUND)
}

/// The error of a program, found at `path`, that could not be started.
pub fn exec_error(name: &BStr, path: &CStr, step: Step, errno: Errno) -> Error {
    if step != Step::Exec {
        return job::step_error(step, errno);
    }
    let text = BString::from(name);
    let missing = matches!(errno, Errno::ENOENT | Errno::ENOTDIR);
    let status = if missing { ExitStatus::NOT_FOUND } else { ExitStatus::NOT_EXECUTABLE };
    // What execve says of a directory is what it says of a file without the permission.
    if errno == Errno::EACCES && Path::new(OsStr::from_bytes(path.to_bytes())).is_dir() {
        return Error::system(text, Errno::EISDIR).with_status(status);
    }
    if (missing || errno == Errno::EACCES) && fd::executable(path).is_ok() {
        return other_file(text, path, errno).with_status(status);
    }
    Error::system(text, errno).with_status(status)
}

/// The file itself can be executed, so it is about its interpreter: the one that it names behind `#!`, or the one that loads programs.
fn other_file(mut text: BString, path: &CStr, errno: Errno) -> Error {
    let Some(interpreter) = interpreter(path) else {
        if errno == Errno::EACCES {
            return Error::system(text, errno);
        }
        text.extend_from_slice(b": cannot be loaded, what it needs for that is missing");
        return Error::system(text, errno);
    };
    text.extend_from_slice(b": bad interpreter: ");
    text.extend_from_slice(&interpreter);
    if interpreter.ends_with(b"\r") {
        text.extend_from_slice(b" (the file has Windows line ends, and the CR is part of the name)");
    }
    Error::system(text, errno)
}

/// The interpreter that a script names in its first line: up to a blank, as the kernel reads it.
fn interpreter(path: &CStr) -> Option<BString> {
    let file = fd::open(path, libc::O_RDONLY, 0).ok()?;
    let mut head = [0u8; 256];
    let got = fd::read(file.as_raw_fd(), &mut head).ok()?;
    let line = head[..got].strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let line = line.trim_start_with(|character| character == ' ' || character == '\t');
    Some(line.split(|byte| b" \t".contains(byte)).next()?.into())
}
