//! Waiting for keys: the terminal's modes, and the signals that arrive meanwhile.
//!
//! All signals are blocked while a line is edited, except during the sleep in ppoll(2), which unblocks them in one step with going
//! to sleep: a job that ends, a window that changes, a trap's signal is seen at once and never slept over.
//!
//! Bytes are read one at a time. What the user types behind Enter belongs to the command that now runs, and a byte once read
//! cannot be put back.

use super::keys::{Decoded, PASTE_END};
use super::{Editor, INPUT, Stop};
use crate::exec::trap;
use crate::interactive::text::{to_text, visible};
use crate::jobs::{report, wait};
use crate::shell::{Opt, Shell};
use crate::status::ExitStatus;
use crate::status::Flow;
use crate::sys::signal::{self, Disposition, Mask, bit};
use crate::sys::tty::{self, Termios};
use crate::sys::{fd, file};
use nix::errno::Errno;
use rustyline::{KeyCode, KeyEvent, Modifiers};
use std::time::Duration;

/// Asks the terminal to mark what is pasted.
pub const PASTE_ON: &str = "\x1b[?2004h";
/// The end of it.
pub const PASTE_OFF: &str = "\x1b[?2004l";
/// How long after ESC the rest of a key's sequence may take.
const SEQUENCE_TIME: Duration = Duration::from_millis(40);
/// How long this process sleeps behind an echo. The kernel hands the character on to the terminal in a thread of its own, which may have to
/// wait for this processor.
const ECHO_TIME: Duration = Duration::from_millis(1);

/// Something typed.
#[derive(Debug)]
pub enum Input {
    /// A key.
    Key(KeyEvent),
    /// A pasted text.
    Paste(String),
}

/// The terminal and the signals as they are while a line is edited.
pub struct Session {
    /// The terminal's modes for commands.
    modes: Termios,
    /// The mask for commands, and for sleeping.
    mask: Mask,
    old: Vec<(i32, Disposition)>,
}

/// Descriptor 0 is the terminal, or this editor would not run.
fn terminal() -> std::io::Stdin {
    std::io::stdin()
}

impl Session {
    /// The terminal gives every key; signals wait.
    pub fn begin(shell: &Shell) -> Result<Self, Errno> {
        let modes = tty::modes(terminal())?;
        let mask = signal::block_all();
        let mut old = Vec::new();
        let wanted = [(libc::SIGWINCH, true), (libc::SIGCHLD, shell.options.has(Opt::Notify))];
        for (number, _) in wanted.into_iter().filter(|(_, wanted)| *wanted) {
            // It cannot fail for these.
            if let Ok(before) = signal::set(number, Disposition::Catch) {
                old.push((number, before));
            }
        }
        let session = Self { modes, mask, old };
        session.raw();
        Ok(session)
    }

    fn raw(&self) {
        // A terminal that is gone is found out at the next read.
        let _ = tty::begin_editing(terminal(), &self.modes);
    }

    /// As it was before.
    pub fn end(self, shell: &Shell) {
        for &(number, before) in &self.old {
            let _ = signal::set(number, before);
            if shell.traps.caught() & bit(number) == 0 {
                signal::take(number);
            }
        }
        // A terminal that is gone: the shell ends by itself.
        let _ = tty::end_editing(terminal(), &self.modes);
        signal::set_mask(&self.mask);
    }

    /// Do something with the terminal and the signals as commands have them.
    pub fn outside<T>(&mut self, run: impl FnOnce() -> T) -> T {
        // A terminal that is gone is found out at the next read.
        let _ = tty::end_editing(terminal(), &self.modes);
        signal::set_mask(&self.mask);
        let result = run();
        signal::block_all();
        if let Ok(modes) = tty::modes(terminal()) {
            self.modes = modes;
        }
        self.raw();
        result
    }
}

impl Editor {
    /// The next key or pasted text. ^C is none: it gives up the line, also in the middle of a command of several keys.
    pub fn next_input(&mut self, shell: &mut Shell, session: &mut Session) -> Result<Input, Stop> {
        loop {
            let input = self.input(shell, session)?;
            // Also the second key of a command, before which the line has been drawn, changes something.
            self.was_drawn = !std::mem::replace(&mut self.dirty, true);
            match input {
                Input::Key(KeyEvent(KeyCode::Char('C'), Modifiers::CTRL)) => self.interrupt_key(shell, session)?,
                input => return Ok(input),
            }
        }
    }

    fn input(&mut self, shell: &mut Shell, session: &mut Session) -> Result<Input, Stop> {
        loop {
            if signal::is_pending() {
                self.on_signal(shell, session)?;
            }
            if let Some(key) = self.vi.replay.pop_front() {
                return Ok(Input::Key(key));
            }
            self.vi.aliases_typed = 0;
            let byte = match self.decoder.take_held() {
                Some(byte) => Some(byte),
                None => self.next_byte(shell, session)?,
            };
            // What stands inside the sequence of a key is no character.
            let byte =
                byte.map(|byte| if self.decoder.is_inside() { byte } else { tty::usual_key(&session.modes, byte) });
            let decoded = match byte {
                Some(byte) => self.decoder.push(byte),
                None => Decoded::Key(self.decoder.timeout()),
            };
            match decoded {
                Decoded::More => {}
                Decoded::Key(key) => return Ok(Input::Key(key)),
                Decoded::Paste => return self.paste(shell, session).map(Input::Paste),
            }
        }
    }

    /// The next key, for a command of several keys; a paste counts as its first character.
    pub fn next_key(&mut self, shell: &mut Shell, session: &mut Session) -> Result<KeyEvent, Stop> {
        match self.next_input(shell, session)? {
            Input::Key(key) => Ok(key),
            Input::Paste(text) => Ok(KeyEvent::from(text.chars().next().unwrap_or(' '))),
        }
    }

    /// The next character, whatever key it would be.
    pub fn next_character(&mut self, shell: &mut Shell, session: &mut Session) -> Result<char, Stop> {
        let character = self.character(shell, session)?;
        self.dirty = true;
        Ok(character)
    }

    fn character(&mut self, shell: &mut Shell, session: &mut Session) -> Result<char, Stop> {
        loop {
            let held = self.decoder.take_held();
            let decoded = match held.map_or_else(|| self.next_byte(shell, session), |byte| Ok(Some(byte)))? {
                Some(byte) if byte.is_ascii() && !self.decoder.is_inside() => return Ok(char::from(byte)),
                Some(byte) => self.decoder.push(byte),
                None => Decoded::Key(self.decoder.timeout()),
            };
            if let Decoded::Key(KeyEvent(KeyCode::Char(character), _)) = decoded {
                return Ok(character);
            }
        }
    }

    /// A byte; `None` if a key has begun and nothing follows.
    fn next_byte(&mut self, shell: &mut Shell, session: &mut Session) -> Result<Option<u8>, Stop> {
        loop {
            if signal::is_pending() {
                self.on_signal(shell, session)?;
            }
            let pause = if std::mem::take(&mut self.echoed) { ECHO_TIME } else { Duration::ZERO };
            if !file::wait_readable(INPUT, Some(pause), None).unwrap_or(false) {
                if self.dirty {
                    // Nothing else is typed yet: now is the time to show what was.
                    self.draw(shell, true);
                }
                let timeout = self.decoder.is_inside().then_some(SEQUENCE_TIME);
                match file::wait_readable(INPUT, timeout, Some(&session.mask)) {
                    Ok(true) => {}
                    Ok(false) => return Ok(None),
                    Err(Errno::EINTR) => continue,
                    Err(_) => return Err(Stop::Gone),
                }
            }
            let mut byte = [0];
            return match fd::read(INPUT, &mut byte) {
                Ok(0) => Err(Stop::Gone),
                Ok(_) => Ok(Some(byte[0])),
                Err(Errno::EINTR) => continue,
                Err(_) => Err(Stop::Gone),
            };
        }
    }

    /// What is pasted, up to the mark of its end.
    fn paste(&mut self, shell: &mut Shell, session: &mut Session) -> Result<String, Stop> {
        let mut bytes = Vec::new();
        while let Some(byte) = self.decoder.take_held() {
            bytes.push(byte);
        }
        let mut block = [0; 4096];
        let mut searched = 0;
        loop {
            if let Some(end) = memchr::memmem::find(&bytes[searched..], PASTE_END).map(|at| searched + at) {
                self.decoder.hold(&bytes[end + PASTE_END.len()..]);
                bytes.truncate(end);
                break;
            }
            searched = bytes.len().saturating_sub(PASTE_END.len());
            match file::wait_readable(INPUT, None, Some(&session.mask)) {
                Ok(_) => {}
                Err(Errno::EINTR) => {
                    self.on_signal(shell, session)?;
                    continue;
                }
                Err(_) => return Err(Stop::Gone),
            }
            match fd::read(INPUT, &mut block) {
                Ok(0) => return Err(Stop::Gone),
                Ok(count) => bytes.extend_from_slice(&block[..count]),
                Err(_) => return Err(Stop::Gone),
            }
        }
        Ok(to_text(&bytes).replace("\r\n", "\n").replace('\r', "\n"))
    }

    /// Signals have arrived: the window has changed, a job has, a trap is to be executed.
    fn on_signal(&mut self, shell: &mut Shell, session: &mut Session) -> Result<(), Stop> {
        let traps = shell.traps.caught();
        let own = |number: i32| traps & bit(number) == 0 && signal::take(number);
        if own(libc::SIGWINCH) || signal::pending() & bit(libc::SIGWINCH) != 0 {
            self.resized();
        }
        if own(libc::SIGCHLD) || signal::pending() & bit(libc::SIGCHLD) != 0 {
            wait::poll(&mut shell.jobs);
            if shell.options.has(Opt::Notify) {
                let notices = report::notices(&mut shell.jobs);
                if !notices.is_empty() {
                    self.print_above(&visible(&notices));
                }
            }
        }
        if own(libc::SIGINT) {
            return Err(Stop::Interrupt);
        }
        let hang_up = shell.own_signals & bit(libc::SIGHUP);
        if signal::pending() & (traps | hang_up) != 0 {
            self.run_traps(shell, session)?;
        }
        Ok(())
    }

    /// Execute the traps of signals that have arrived, below the line, and draw it anew.
    fn run_traps(&mut self, shell: &mut Shell, session: &mut Session) -> Result<(), Stop> {
        let erase = self.screen.erase().to_vec();
        self.write(&format!("{}{PASTE_OFF}", String::from_utf8_lossy(&erase)));
        let result = session.outside(|| trap::run_pending(shell));
        self.known.forget();
        self.write(PASTE_ON);
        self.dirty = true;
        result.map_err(Stop::Flow)
    }

    /// ^C: what SIGINT does here.
    fn interrupt_key(&mut self, shell: &mut Shell, session: &mut Session) -> Result<(), Stop> {
        use crate::shell::traps::Action;
        match shell.traps.get(libc::SIGINT) {
            Some(Action::Ignore) => Ok(()),
            Some(Action::Command(_)) => {
                signal::note_caught(libc::SIGINT);
                self.run_traps(shell, session)?;
                Err(Stop::Flow(Flow::Interrupt(ExitStatus::from_signal(libc::SIGINT))))
            }
            None => Err(Stop::Interrupt),
        }
    }

    fn resized(&mut self) {
        self.update_size();
        // The terminal may have moved what it shows: begin anew where the prompt was.
        let erase = String::from_utf8_lossy(self.screen.erase()).into_owned();
        self.write(&erase);
        self.dirty = true;
    }
}
