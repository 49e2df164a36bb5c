//! Where a shell's commands come from: a script file, standard input.

use crate::find;
use crate::status::{Error, ExitStatus};
use crate::syntax::{LineSource, Prompt, ReadError};
use crate::sys::private::Private;
use crate::sys::{fd, file, signal, tty};
use bstr::BString;
use nix::errno::Errno;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// Lines of a descriptor that commands read from too: never a byte more is consumed than the line. From a file that can be
/// seeked a block is read and the offset is put behind the line; from anything else the bytes come one at a time.
pub struct Descriptor {
    /// A script's file; without one, standard input.
    script: Option<Private>,
    seekable: Option<bool>,
    /// The signals (bits as in `sys::signal`) that end the wait for a line.
    interrupting: u64,
    /// The terminal as a file that does not wait: what poll(2) has seen may be gone when it is read, because ^C empties the queue.
    terminal: Option<Private>,
}

impl Descriptor {
    /// Standard input.
    pub fn standard_input() -> Self {
        Self::prompted(0)
    }

    /// Standard input behind prompts: the signals `interrupting` (bits as in `sys::signal`) give up the line.
    pub fn prompted(interrupting: u64) -> Self {
        let is_watched = interrupting != 0 && tty::is_terminal(0);
        let flags = libc::O_RDONLY | libc::O_NONBLOCK | libc::O_NOCTTY;
        // (After `su` it may be another user's, and then this cannot be.)
        let terminal = is_watched.then(|| fd::open(c"/proc/self/fd/0", flags, 0).ok()).flatten();
        let terminal = terminal.map(Private::new);
        Self { script: None, seekable: None, interrupting, terminal }
    }

    /// A script that is no regular file.
    pub fn script(file: OwnedFd) -> Self {
        Self { script: Some(Private::new(file)), seekable: Some(false), interrupting: 0, terminal: None }
    }

    fn number(&self) -> RawFd {
        self.script.as_ref().map_or(0, AsRawFd::as_raw_fd)
    }

    fn seek(&self, by: i64) -> Result<i64, Errno> {
        fd::seek(self.number(), by)
    }

    /// Wait for input, if signals are to be seen meanwhile: those that arrive before the sleep, too, which read(2) would sleep over.
    fn wait(&self) -> Result<(), Errno> {
        while self.interrupting != 0 && file::wait_for_input(self.number(), self.interrupting).is_err() {
            if signal::pending() & self.interrupting != 0 {
                return Err(Errno::EINTR);
            }
        }
        Ok(())
    }

    fn line(&mut self) -> Result<Vec<u8>, Errno> {
        let seekable = match self.seekable {
            Some(known) => known,
            None => *self.seekable.insert(self.seek(0).is_ok()),
        };
        // `exec <file` has another one read.
        let number = self.number();
        let is_current = |own: &Private| file::is_same(own.as_raw_fd(), number);
        self.terminal = self.terminal.take().filter(is_current);
        let mut line = Vec::new();
        let mut block = [0u8; 4096];
        loop {
            self.wait()?;
            let want = if seekable { block.len() } else { 1 };
            let read = match &self.terminal {
                Some(terminal) => fd::try_read(terminal.as_raw_fd(), &mut block[..want]),
                None => fd::read(number, &mut block[..want]),
            };
            let got = match read {
                Err(Errno::EINTR | Errno::EAGAIN) => continue,
                result => result?,
            };
            let Some(newline) = find::byte(b'\n', &block[..got]) else {
                line.extend_from_slice(&block[..got]);
                if got == 0 {
                    return Ok(line);
                }
                continue;
            };
            line.extend_from_slice(&block[..=newline]);
            let behind = got - newline - 1;
            if behind > 0 {
                self.seek(-(behind as i64))?;
            }
            return Ok(line);
        }
    }
}

impl LineSource for Descriptor {
    fn next_line(&mut self, _: Prompt<'_>) -> Result<Option<BString>, ReadError> {
        match self.line() {
            Ok(line) if line.is_empty() => Ok(None),
            Ok(line) => Ok(Some(line.into())),
            Err(Errno::EINTR) => Err(ReadError::Interrupted),
            Err(errno) => {
                let error = Error::system("cannot read commands", errno);
                Err(ReadError::Failed(error.with_status(ExitStatus::NOT_READ)))
            }
        }
    }
}

/// Whether a file that begins like this is no script: there is a NUL in its first line (XCU `sh`, INPUT FILES).
pub fn is_binary(text: &[u8]) -> bool {
    let head = &text[..text.len().min(256)];
    find::byte(0, &head[..find::byte(b'\n', head).unwrap_or(head.len())]).is_some()
}

/// The whole contents of a file, at once: what runs is the script that was read, though the file is edited meanwhile.
pub fn read_script(file: BorrowedFd<'_>) -> Result<Vec<u8>, Errno> {
    let size = nix::sys::stat::fstat(file).map_or(0, |stat| stat.st_size);
    fd::read_whole(file.as_raw_fd(), usize::try_from(size).unwrap_or(0))
}
