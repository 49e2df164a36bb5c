//! What the command line of `kill` says. Its options are older than the rules for options: `-9`, `-TERM` and `-w5` are one word each.

use crate::builtins::about;
use crate::builtins::message;
use crate::fields::Fields;
use crate::status::{Error, ExitStatus};
use crate::sys::signames;
use bstr::{BStr, BString, ByteSlice};
use std::time::Duration;

/// A call of `kill` that sends signals.
#[derive(Debug, Default)]
pub struct Request {
    /// The signal.
    pub signal: i32,
    /// `-q`: the value to send with it.
    pub value: Option<i32>,
    /// `-w`: wait until the processes have gone; at most so long.
    pub wait: Option<Option<Duration>>,
    /// `--timeout`: what follows if they have not gone after this time.
    pub follow_ups: Vec<(Duration, i32)>,
    /// `--pidfile`
    pub pid_file: Option<BString>,
    /// `--comm`
    pub program: Option<BString>,
    /// Which field is the first operand.
    pub first: usize,
    /// The operand right behind `-w`, if it may have been meant as seconds.
    pub seconds: Option<BString>,
}

impl Request {
    /// Read the options.
    ///
    /// # Errors
    /// A usage error (status 2).
    pub fn parse(fields: &Fields) -> Result<Self, Error> {
        let mut request = Self { signal: libc::SIGTERM, first: 1, ..Self::default() };
        let mut has_signal = false;
        while let Some(word) = fields.get(request.first) {
            let Some(letters) = word.strip_prefix(b"-").filter(|letters| !letters.is_empty()) else { break };
            let is_number = letters.iter().all(u8::is_ascii_digit);
            if has_signal && is_number {
                // A process group.
                break;
            }
            request.first += 1;
            request.seconds = None;
            match letters {
                b"-" => break,
                [b'-', long @ ..] => request.long(fields, long)?,
                b"q" => request.value = Some(message::number(b'q', request.argument(fields, "-q")?)?),
                [b'q', digits @ ..] if signames::by_name(letters).is_none() => {
                    request.value = Some(message::number(b'q', digits.as_bstr())?);
                }
                b"w" => {
                    request.wait = Some(None);
                    let next = fields.get(request.first);
                    request.seconds = next.filter(|next| message::duration(next).is_some()).map(BString::from);
                }
                [b'w', digits @ ..] if signames::by_name(letters).is_none() => {
                    let time = message::duration(digits.as_bstr());
                    request.wait = Some(Some(time.ok_or_else(|| wrong(word, "not a number of seconds"))?));
                }
                _ if has_signal => return Err(wrong(word, "one signal is enough")),
                _ => {
                    request.signal = match letters {
                        b"s" => signal(request.argument(fields, "-s")?)?,
                        b"n" => signal(request.argument(fields, "-n")?)?,
                        // `-segv` is a signal, `-sTERM` an option with its argument.
                        [b's' | b'n', name @ ..] if signames::by_name(letters).is_none() => signal(name.as_bstr())?,
                        _ => signal(letters.as_bstr())?,
                    };
                    has_signal = true;
                }
            }
        }
        request.check(fields)
    }

    fn check(self, fields: &Fields) -> Result<Self, Error> {
        if self.program.is_some() && self.pid_file.is_none() {
            return Err(Error::usage("--comm needs --pidfile"));
        }
        if fields.get(self.first).is_none() && self.pid_file.is_none() {
            return Err(Error::usage("process or job expected"));
        }
        if self.signal == 0 && self.value.is_some() {
            return Err(Error::usage("-q: signal 0 carries nothing"));
        }
        Ok(self)
    }

    /// `--timeout MS SIG`, `--pidfile FILE`, `--comm NAME`; the first argument may follow behind `=`.
    fn long(&mut self, fields: &Fields, option: &[u8]) -> Result<(), Error> {
        let (name, attached) = match option.split_once_str("=") {
            Some((name, argument)) => (name, Some(argument.as_bstr())),
            None => (option, None),
        };
        let argument = |request: &mut Self, name: &str| match attached {
            Some(argument) => Ok(argument),
            None => request.argument(fields, name),
        };
        match name {
            b"timeout" => {
                let text = argument(self, "--timeout")?;
                let time = text.to_str().ok().and_then(|text| text.parse().ok()).map(Duration::from_millis);
                let time = time.ok_or_else(|| wrong(text, "--timeout takes milliseconds and a signal"))?;
                let number = signal(self.argument(fields, "--timeout")?)?;
                self.follow_ups.push((time, number));
            }
            b"pidfile" => self.pid_file = Some(argument(self, "--pidfile")?.into()),
            b"comm" => self.program = Some(argument(self, "--comm")?.into()),
            _ => return Err(wrong(&[b"--", name].concat(), "no such option")),
        }
        Ok(())
    }

    /// The next word.
    fn argument<'a>(&mut self, fields: &'a Fields, option: &str) -> Result<&'a BStr, Error> {
        self.first += 1;
        fields.get(self.first - 1).ok_or_else(|| Error::usage(format!("{option}: argument expected")))
    }
}

fn wrong(word: &[u8], why: &str) -> Error {
    about(word, why).with_status(ExitStatus::USAGE)
}

/// A signal by name or number; 0 asks whether one may send.
fn signal(name: &BStr) -> Result<i32, Error> {
    signames::condition(name).ok_or_else(|| wrong(name, "no such signal (`kill -l` lists them)"))
}
