//! `printf` (XCU `printf`): the format is used again until the arguments are used up.
//!
//! A bad format is an error of the call. A bad number is reported, converted as far as possible, and makes the status 1.
//! Beyond the standard: `%q` quotes for the shell, and `\e \xHH \uHHHH` in the format.

mod number;
mod spec;

use super::escape::{self, Escapes, unescape_into};
use super::{Builtin, BuiltinResult, Kind, about, options, write_collected};
use crate::fields::Fields;
use crate::find;
use crate::quote::quote;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::sys::format::{Double, append_double};
use crate::sys::heap;
use bstr::BStr;
use number::Problem;
use spec::{Flags, Size, Spec};

/// The row of `printf`.
pub const BUILTIN: Builtin = Builtin {
    name: "printf",
    kind: Kind::Plain,
    usage: "printf FORMAT [ARGUMENT...]",
    about: r"write the arguments as the format says; the format is used again until no argument is left
Conversions: %[n$][-+ #0][WIDTH][.PRECISION] and one of
d i u o x X   integers; the argument may be 0x1f, 017, or 'c for the code of a character
a A e E f F g G   floating-point numbers
s c b q   the string, its first byte, with escape sequences replaced, quoted for the shell
%%   a percent sign",
    run,
};

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (_, first) = options(fields, "")?;
    let Some(format) = fields.get(first) else { return Err(Error::usage("usage: printf format [argument...]").into()) };
    let failed = write_collected(shell, |shell, out| {
        let mut printer = Printer { shell, out, arguments: Arguments::new(fields, first + 1), failed: false };
        printer.print(format).map(|()| printer.failed)
    })??;
    Ok(ExitStatus::from_bool(!failed))
}

/// The arguments and which of them were used.
struct Arguments<'a> {
    fields: &'a Fields,
    /// The first one for this use of the format: argument 1 of `%1$s`.
    first: usize,
    /// The next one.
    next: usize,
    /// Behind the last one that was used.
    used: usize,
}

impl<'a> Arguments<'a> {
    fn new(fields: &'a Fields, first: usize) -> Self {
        Self { fields, first, next: first, used: first }
    }

    /// Argument `number` (from 1) of this use of the format, or the next one.
    fn take(&mut self, number: Option<usize>) -> Option<&'a BStr> {
        let index = number.map_or(self.next, |number| self.first.saturating_add(number - 1));
        if number.is_none() {
            self.next += 1;
        }
        let argument = self.fields.get(index)?;
        self.used = self.used.max(index + 1);
        Some(argument)
    }

    /// The format was used; whether it is to be used again: arguments are left, and it does use arguments.
    fn again(&mut self) -> bool {
        let progress = self.used > self.first;
        self.first = self.used;
        self.next = self.used;
        progress && self.first < self.fields.len()
    }
}

/// A width for which it is not sure that there is memory.
const MUCH: usize = 1 << 16;

/// Whether the output goes on: `\c` in an argument of `%b` ends it.
#[derive(PartialEq, Eq)]
enum Printed {
    GoOn,
    End,
}

struct Printer<'a> {
    shell: &'a mut Shell,
    out: &'a mut Vec<u8>,
    arguments: Arguments<'a>,
    /// A numeric argument was wrong.
    failed: bool,
}

impl Printer<'_> {
    fn print(&mut self, format: &[u8]) -> Result<(), Error> {
        while self.print_once(format)? == Printed::GoOn && self.arguments.again() {}
        Ok(())
    }

    fn print_once(&mut self, mut format: &[u8]) -> Result<Printed, Error> {
        while let Some(at) = find::any([b'%', b'\\'], format) {
            self.out.extend_from_slice(&format[..at]);
            let rest = &format[at + 1..];
            if format[at] == b'\\' {
                format = &rest[escape::one(self.out, rest, Escapes::Format)..];
                continue;
            }
            format = match rest.first() {
                Some(b'%') => {
                    self.out.push(b'%');
                    &rest[1..]
                }
                // By far the most frequent one.
                Some(b's') => {
                    let argument = self.arguments.take(None).unwrap_or_default();
                    self.out.extend_from_slice(argument);
                    &rest[1..]
                }
                _ => {
                    let (spec, length) =
                        spec::parse(rest).ok_or_else(|| about(&format[at..], "missing format character"))?;
                    if self.convert(&spec, &format[at..=at + length])? == Printed::End {
                        return Ok(Printed::End);
                    }
                    &rest[length..]
                }
            };
        }
        self.out.extend_from_slice(format);
        Ok(Printed::GoOn)
    }

    /// One conversion; `text` is the specification as written.
    fn convert(&mut self, spec: &Spec, text: &[u8]) -> Result<Printed, Error> {
        let mut flags = spec.flags;
        let width = match self.size(spec.width) {
            Some(width) if width < 0 => {
                flags.minus = true;
                width.unsigned_abs() as usize
            }
            width => width.unwrap_or(0).unsigned_abs() as usize,
        };
        let precision = self.size(spec.precision).and_then(|precision| usize::try_from(precision).ok());
        // Everything beside a number's digits is as long as the argument.
        let digits = if b"bcqs".contains(&spec.conversion) { 0 } else { precision.unwrap_or(0) };
        let room = width.max(digits);
        // What is larger was read as this number. The function in C cannot return such a length (EOVERFLOW).
        if room >= i32::MAX as usize {
            return Err(about(text, "the width or the precision is too large"));
        }
        if room > MUCH && !heap::try_reserve(self.out, room.saturating_add(MUCH)) {
            return Err(about(text, "there is not enough memory for so many characters"));
        }
        let utf8 = self.shell.vars.utf8();
        let argument = self.arguments.take(spec.argument);
        let text_or_empty: &[u8] = argument.map_or(b"", |argument| argument);
        match spec.conversion {
            b'd' | b'i' => {
                let (value, problem) = number::integer(text_or_empty, utf8).signed();
                number::append_signed(self.out, flags, width, precision, value);
                self.complain(text_or_empty, problem);
            }
            b'o' | b'u' | b'x' | b'X' => {
                let (value, problem) = number::integer(text_or_empty, utf8).unsigned();
                number::append_unsigned(self.out, flags, width, precision, spec.conversion, value);
                self.complain(text_or_empty, problem);
            }
            b'a' | b'A' | b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => {
                let (value, problem) = number::double(text_or_empty, utf8);
                append_double(self.out, &double(flags, width, precision, spec.conversion), value);
                self.complain(text_or_empty, problem);
            }
            // Of an empty string the byte is the one that ends it, as in C.
            b'c' => number::pad(self.out, width, flags.minus, text_or_empty.get(..1).unwrap_or(b"\0")),
            b's' => number::pad(self.out, width, flags.minus, head(text_or_empty, precision)),
            b'q' => number::pad(self.out, width, flags.minus, head(&quote(text_or_empty), precision)),
            b'b' => return Ok(self.convert_escapes(text_or_empty, flags.minus, width, precision)),
            _ => return Err(about(text, "invalid directive").with_status(ExitStatus::USAGE)),
        }
        Ok(Printed::GoOn)
    }

    fn convert_escapes(&mut self, argument: &[u8], left: bool, width: usize, precision: Option<usize>) -> Printed {
        let more = if width == 0 && precision.is_none() {
            unescape_into(self.out, argument, Escapes::Argument)
        } else {
            let mut text = Vec::new();
            let more = unescape_into(&mut text, argument, Escapes::Argument);
            number::pad(self.out, width, left, head(&text, precision));
            more
        };
        if more { Printed::GoOn } else { Printed::End }
    }

    /// The value of a width or precision.
    fn size(&mut self, size: Size) -> Option<i32> {
        let number = match size {
            Size::Absent => return None,
            Size::Number(number) => return Some(number),
            Size::Next => None,
            Size::Argument(number) => Some(number),
        };
        let argument: &[u8] = self.arguments.take(number).map_or(b"", |argument| argument);
        let (value, problem) = number::integer(argument, self.shell.vars.utf8()).signed();
        let fitting = i32::try_from(value).ok();
        self.complain(argument, problem.or(fitting.is_none().then_some(Problem::Range)));
        Some(fitting.unwrap_or(0))
    }

    fn complain(&mut self, argument: &[u8], problem: Option<Problem>) {
        if let Some(problem) = problem {
            self.failed = true;
            self.shell.report(&about(argument, problem.text()).within("printf"));
        }
    }
}

/// At most `precision` bytes.
fn head(text: &[u8], precision: Option<usize>) -> &[u8] {
    &text[..precision.unwrap_or(text.len()).min(text.len())]
}

fn double(flags: Flags, width: usize, precision: Option<usize>, conversion: u8) -> Double {
    let flag = |given: bool, letter: u8| if given { letter } else { 0 };
    Double {
        flags: [
            flag(flags.minus, b'-'),
            flag(flags.plus, b'+'),
            flag(flags.space, b' '),
            flag(flags.alternative, b'#'),
            flag(flags.zero, b'0'),
        ],
        width: i32::try_from(width).unwrap_or(i32::MAX),
        precision: precision.map_or(-1, |precision| i32::try_from(precision).unwrap_or(i32::MAX)),
        conversion,
    }
}
