//! The history file: one command a line, `\n` for a newline in it and `\\` for a backslash.
//!
//! Several shells write it at once. Each command is appended by one write(2) to a file that was opened with O_APPEND and locked
//! (flock), so lines never mix. A shell that finds the file much longer than the list writes a shorter one and puts it in place with
//! rename(2); whoever waited for the lock sees that the name now means another file, and opens again. Only the owner
//! can read it (0600): commands hold passwords.
//!
//! A file without the first line of ours was written by another program; it is read and appended to as plain lines.

use super::History;
use crate::status::Error;
use bstr::{BString, ByteSlice, ByteVec};
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

const HEADER: &[u8] = b"#ipcsh history 1\n";

/// Read the file's commands into the list, the newest ones that fit; a missing file is no error. A file that is much too long is
/// made shorter.
///
/// # Errors
/// It cannot be read.
pub fn load(history: &mut History, path: &Path) -> Result<(), Error> {
    let mut bytes = Vec::new();
    if std::fs::metadata(path).is_ok_and(|file| !file.is_file()) {
        // A device has no past: /dev/zero would not even have an end.
        return Ok(());
    }
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_CLOEXEC | libc::O_NONBLOCK).open(path);
    match opened.and_then(|mut file| file.read_to_end(&mut bytes)) {
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("cannot read the history file", path, &error)),
    }
    let (ours, commands) = decode(&bytes);
    let too_many = ours && commands.len() > history.size().saturating_mul(2) + 100;
    for command in latest(commands, history.size()) {
        history.add(&command);
    }
    if too_many {
        // That it stays long is no harm.
        let _ = rewrite(path, history.size());
    }
    Ok(())
}

/// Append a command.
///
/// # Errors
/// The file or its directory cannot be made or written.
pub fn append(path: &Path, command: &[u8]) -> Result<(), Error> {
    let fail = |error: &std::io::Error| failed("cannot write the history file", path, error);
    if let Some(directory) = path.parent().filter(|directory| !directory.exists()) {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| fail(&error))?;
    }
    let mut file = open_locked(path).map_err(|error| fail(&error))?;
    let length = file.metadata().map_err(|error| fail(&error))?.len();
    let mut bytes = Vec::new();
    if length == 0 {
        bytes.extend_from_slice(HEADER);
    }
    if length == 0 || is_ours(path) {
        encode(&mut bytes, command);
    } else {
        bytes.extend_from_slice(command);
    }
    bytes.push(b'\n');
    file.write_all(&bytes).map_err(|error| fail(&error))
}

/// Forget all commands.
///
/// # Errors
/// The file cannot be written.
pub fn clear(path: &Path) -> Result<(), Error> {
    match OpenOptions::new().write(true).truncate(true).custom_flags(libc::O_CLOEXEC).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(failed("cannot write the history file", path, &error))
        }
        _ => Ok(()),
    }
}

/// A new file in TMPDIR with this text, readable by the user only: for an editor.
///
/// # Errors
/// It cannot be made or written.
pub fn scratch(text: &[u8]) -> Result<std::path::PathBuf, Error> {
    let template = std::env::temp_dir().join("ipcsh.XXXXXX");
    let fail = |errno| Error::system(format!("cannot make a file in {}", std::env::temp_dir().display()), errno);
    let (fd, path) = nix::unistd::mkstemp(&template).map_err(fail)?;
    File::from(fd).write_all(text).map_err(|error| failed("cannot write", &path, &error))?;
    Ok(path)
}

fn failed(what: &str, path: &Path, error: &std::io::Error) -> Error {
    let errno = Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO));
    Error::system(format!("{what} {}", path.display()), errno)
}

fn is_ours(path: &Path) -> bool {
    let mut head = [0; HEADER.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == *HEADER
}

/// The file, locked, and certainly the one that has the name.
fn open_locked(path: &Path) -> std::io::Result<Flock<File>> {
    loop {
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).mode(0o600).custom_flags(libc::O_CLOEXEC).open(path)?;
        if !file.metadata()?.is_file() {
            // A device or pipe (HISTFILE=/dev/null) needs no lock.
            return Flock::lock(file, FlockArg::LockShared).map_err(|(_, errno)| errno.into());
        }
        let file = Flock::lock(file, FlockArg::LockExclusive).map_err(|(_, errno)| std::io::Error::from(errno))?;
        let (mine, named) = (file.metadata()?, std::fs::metadata(path));
        if named.is_ok_and(|named| (named.ino(), named.dev()) == (mine.ino(), mine.dev())) {
            return Ok(file);
        }
    }
}

/// Write the newest `size` commands to a new file and put it in the place of this one.
fn rewrite(path: &Path, size: usize) -> std::io::Result<()> {
    let lock = open_locked(path)?;
    let bytes = std::fs::read(path)?;
    let (_, commands) = decode(&bytes);
    let mut out = HEADER.to_vec();
    for command in latest(commands, size) {
        encode(&mut out, &command);
        out.push(b'\n');
    }
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(&new)?;
    let written = file.write_all(&out).and_then(|()| std::fs::rename(&new, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&new);
    }
    drop(lock);
    written
}

/// The commands in a file, and whether it is of our form.
fn decode(bytes: &[u8]) -> (bool, Vec<BString>) {
    let (ours, rest) = match bytes.strip_prefix(HEADER) {
        Some(rest) => (true, rest),
        None => (bytes.is_empty(), bytes),
    };
    let lines = rest.lines().filter(|line| !line.is_empty());
    (ours, lines.map(|line| if ours { unescape(line) } else { BString::from(line) }).collect())
}

fn encode(out: &mut Vec<u8>, command: &[u8]) {
    for &byte in command {
        match byte {
            b'\n' => out.push_str(b"\\n"),
            b'\\' => out.push_str(b"\\\\"),
            byte => out.push(byte),
        }
    }
}

fn unescape(line: &[u8]) -> BString {
    let mut command = BString::default();
    let mut bytes = line.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'\\' => command.push(bytes.next().map_or(b'\\', |&byte| if byte == b'n' { b'\n' } else { byte })),
            byte => command.push(byte),
        }
    }
    command
}

/// The newest `size` commands, each where it stands last.
fn latest(commands: Vec<BString>, size: usize) -> Vec<BString> {
    let mut seen = std::collections::HashSet::new();
    let mut kept: Vec<BString> = Vec::new();
    for command in commands.into_iter().rev() {
        if kept.len() == size {
            break;
        }
        if seen.insert(command.clone()) {
            kept.push(command);
        }
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("ipcsh-history-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        path.join("below/history")
    }

    #[test]
    fn commands_come_back_as_they_were() -> Result<(), Error> {
        let path = scratch("back");
        for command in ["echo a\\n", "if true\nthen :\nfi", "printf '\\\\'", "echo a\\n"] {
            append(&path, command.as_bytes())?;
        }
        assert_eq!(std::fs::metadata(&path).map(|data| data.mode() & 0o777).unwrap_or_default(), 0o600);
        let mut history = History::default();
        load(&mut history, &path)?;
        let texts: Vec<_> = history.iter().map(|entry| entry.text.to_string()).collect();
        assert_eq!(texts, ["if true\nthen :\nfi", "printf '\\\\'", "echo a\\n"]);
        Ok(())
    }

    #[test]
    fn a_long_file_is_made_shorter_and_nothing_is_lost_meanwhile() -> Result<(), Error> {
        let path = scratch("long");
        for number in 0..150 {
            append(&path, format!("echo {number}").as_bytes())?;
        }
        let mut history = History::default();
        history.set_size(Some(b"10"));
        load(&mut history, &path)?;
        append(&path, b"last")?;
        let (ours, commands) = decode(&std::fs::read(&path).unwrap_or_default());
        assert!(ours);
        assert_eq!(commands.len(), 11);
        assert_eq!(commands.last().map(|last| last.to_string()), Some("last".to_owned()));
        Ok(())
    }

    #[test]
    fn a_file_of_another_program_stays_one() -> Result<(), Error> {
        let path = scratch("other");
        std::fs::create_dir_all(path.parent().unwrap_or(&path)).unwrap_or_default();
        std::fs::write(&path, "echo '\\n'\n").unwrap_or_default();
        append(&path, b"a\\b")?;
        assert_eq!(std::fs::read(&path).unwrap_or_default(), b"echo '\\n'\na\\b\n");
        Ok(())
    }
}
