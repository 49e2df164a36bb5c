//! `test` and `[`: evaluate a condition (XCU 4, test). What an argument means depends on how many there are.

use crate::builtins::{Builtin, BuiltinResult, Kind, about};
use crate::fields::Fields;
use crate::shell::vars::parse_decimal;
use crate::shell::{Options, Shell};
use crate::status::{Error, ExitStatus};
use crate::sys::fd;
use bstr::{BStr, ByteSlice};
use nix::sys::stat::{FileStat, lstat, stat};
use std::cmp::Ordering;
use std::ffi::CString;

const ABOUT: &str = "Evaluate a condition: status 0 if it is true, 1 if not, 2 if it is none.\n\
    files: -a -b -c -d -e -f -g -h -k -L -p -r -s -S -u -w -x -O -G FILE, -t FD, -v NAME, -o OPTION, A -ef -nt -ot B\n\
    strings: -n -z S, S = T, S == T, S != T, S < T, S > T\n\
    integers: -eq -ne -lt -le -gt -ge\n! EXPR, EXPR -a EXPR, EXPR -o EXPR, ( EXPR )";

/// `test expression`
pub const TEST: Builtin = Builtin {
    name: "test",
    kind: Kind::Plain,
    usage: "test [expression]",
    about: ABOUT,
    run: |s, f| evaluate(s, f, f.len()),
};

/// `[ expression ]`
pub const BRACKET: Builtin =
    Builtin { name: "[", kind: Kind::Plain, usage: "[ [expression] ]", about: ABOUT, run: bracket };

fn bracket(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    match fields.get(fields.len() - 1) {
        Some(last) if last == "]" && fields.len() > 1 => evaluate(shell, fields, fields.len() - 1),
        _ => Err(Error::usage("`]` expected as the last argument").into()),
    }
}

type Truth = Result<bool, Error>;

fn evaluate(shell: &mut Shell, fields: &Fields, end: usize) -> BuiltinResult {
    let mut test = Test { shell, fields, at: 1, end };
    Ok(ExitStatus::from_bool(test.by_count(1, end)?))
}

struct Test<'t> {
    shell: &'t mut Shell,
    fields: &'t Fields,
    at: usize,
    end: usize,
}

impl<'t> Test<'t> {
    fn arg(&self, index: usize) -> &'t BStr {
        self.fields.get(index).unwrap_or_default()
    }

    /// The rules for up to four arguments; more are parsed by precedence.
    fn by_count(&mut self, from: usize, end: usize) -> Truth {
        match end - from {
            0 => Ok(false),
            1 => Ok(!self.arg(from).is_empty()),
            2 if self.arg(from) == "!" => Ok(self.arg(from + 1).is_empty()),
            2 => match unary(self.shell, self.arg(from), self.arg(from + 1)) {
                Some(truth) => truth,
                None => Err(self.one_sided(from)),
            },
            3 => {
                let (first, operator, last) = (self.arg(from), self.arg(from + 1), self.arg(from + 2));
                match binary(first, operator, last) {
                    Some(truth) => truth,
                    None if operator == "-a" => Ok(!first.is_empty() && !last.is_empty()),
                    None if operator == "-o" => Ok(!first.is_empty() || !last.is_empty()),
                    None if first == "!" => Ok(!self.by_count(from + 1, end)?),
                    None if first == "(" && last == ")" => self.by_count(from + 1, end - 1),
                    None => Err(self.unknown(from + 1)),
                }
            }
            4 if self.arg(from) == "!" => Ok(!self.by_count(from + 1, end)?),
            4 if self.arg(from) == "(" && self.arg(end - 1) == ")" => self.by_count(from + 1, end - 1),
            _ => {
                self.at = from;
                self.end = end;
                let truth = self.or()?;
                if self.at == self.end {
                    Ok(truth)
                } else {
                    Err(about(self.arg(self.at), "unexpected argument").with_status(ExitStatus::USAGE))
                }
            }
        }
    }

    /// Two arguments that are no question: often one of three has expanded to nothing.
    fn one_sided(&self, first: usize) -> Error {
        let text = |operator, side: &str| {
            let text = format!("nothing on the {side} of it (an expansion that is empty needs double quotes)");
            about(operator, &text).with_status(ExitStatus::USAGE)
        };
        let is_binary = |operator| binary(BStr::new("0"), operator, BStr::new("0")).is_some();
        match (self.arg(first), self.arg(first + 1)) {
            (operator, _) if is_binary(operator) => text(operator, "left"),
            (_, operator) if is_binary(operator) => text(operator, "right"),
            _ => self.unknown(first),
        }
    }

    fn unknown(&self, index: usize) -> Error {
        about(self.arg(index), "unknown operator").with_status(ExitStatus::USAGE)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.at < self.end && self.arg(self.at) == text;
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Truth {
        let mut truth = self.and()?;
        while self.eat("-o") {
            let right = self.and()?;
            truth |= right;
        }
        Ok(truth)
    }

    fn and(&mut self) -> Truth {
        let mut truth = self.not()?;
        while self.eat("-a") {
            let right = self.not()?;
            truth &= right;
        }
        Ok(truth)
    }

    fn not(&mut self) -> Truth {
        if crate::sys::stack::is_low() {
            return Err(Error::usage("nested too deeply"));
        }
        let is_group = self.arg(self.at) == "(" && self.at + 2 < self.end && self.arg(self.at + 2) == ")";
        // `! = x` compares, as with three arguments; but `( x )` is one expression.
        if !is_group
            && self.at + 2 < self.end
            && let Some(truth) = binary(self.arg(self.at), self.arg(self.at + 1), self.arg(self.at + 2))
        {
            self.at += 3;
            return truth;
        }
        if self.eat("!") {
            return Ok(!self.not()?);
        }
        if self.eat("(") {
            let truth = self.or()?;
            return if self.eat(")") { Ok(truth) } else { Err(Error::usage("`)` expected")) };
        }
        if self.at >= self.end {
            return Err(Error::usage("argument expected"));
        }
        if self.at + 1 < self.end
            && let Some(truth) = unary(self.shell, self.arg(self.at), self.arg(self.at + 1))
        {
            self.at += 2;
            return truth;
        }
        self.at += 1;
        Ok(!self.arg(self.at - 1).is_empty())
    }
}

fn status(path: &BStr) -> Option<FileStat> {
    stat(CString::new(path.to_vec()).ok()?.as_c_str()).ok()
}

fn link_status(path: &BStr) -> Option<FileStat> {
    lstat(CString::new(path.to_vec()).ok()?.as_c_str()).ok()
}

fn unary(shell: &mut Shell, operator: &BStr, operand: &BStr) -> Option<Truth> {
    let [b'-', letter] = *operator.as_bytes() else { return None };
    let format = |wanted: u32| status(operand).is_some_and(|stat| stat.st_mode & libc::S_IFMT == wanted);
    let bits = |bits: u32| status(operand).is_some_and(|stat| stat.st_mode & bits != 0);
    let access = |mode| CString::new(operand.to_vec()).is_ok_and(|path| fd::accessible(&path, mode));
    Some(Ok(match letter {
        b'n' => !operand.is_empty(),
        b'z' => operand.is_empty(),
        b'b' => format(libc::S_IFBLK),
        b'c' => format(libc::S_IFCHR),
        b'd' => format(libc::S_IFDIR),
        b'o' => Options::by_name(operand).is_some_and(|option| shell.options.has(option)),
        b'a' | b'e' => status(operand).is_some(),
        b'f' => format(libc::S_IFREG),
        b'p' => format(libc::S_IFIFO),
        b'S' => format(libc::S_IFSOCK),
        b'h' | b'L' => link_status(operand).is_some_and(|stat| stat.st_mode & libc::S_IFMT == libc::S_IFLNK),
        b'g' => bits(libc::S_ISGID),
        b'u' => bits(libc::S_ISUID),
        b'k' => bits(libc::S_ISVTX),
        b's' => status(operand).is_some_and(|stat| stat.st_size > 0),
        b'r' => access(libc::R_OK),
        b'w' => access(libc::W_OK),
        b'x' => access(libc::X_OK),
        b'O' => status(operand).is_some_and(|stat| stat.st_uid == nix::unistd::geteuid().as_raw()),
        b'G' => status(operand).is_some_and(|stat| stat.st_gid == nix::unistd::getegid().as_raw()),
        b'v' => shell.vars.value_of(operand).is_some(),
        b't' => {
            return Some(integer(operand).map(|number| i32::try_from(number).is_ok_and(|fd| shell.io.is_terminal(fd))));
        }
        _ => return None,
    }))
}

fn integer(text: &BStr) -> Result<i64, Error> {
    parse_decimal(text).ok_or_else(|| about(text, "integer expected").with_status(ExitStatus::USAGE))
}

#[inline]
fn compare(left: &BStr, right: &BStr) -> Result<Ordering, Error> {
    let left = integer(left)?;
    Ok(left.cmp(&integer(right)?))
}

fn binary(left: &BStr, operator: &BStr, right: &BStr) -> Option<Truth> {
    let time = |stat: FileStat| (stat.st_mtime, stat.st_mtime_nsec);
    match operator.as_bytes() {
        b"=" | b"==" => Some(Ok(left == right)),
        b"!=" => Some(Ok(left != right)),
        b"<" => Some(Ok(left < right)),
        b">" => Some(Ok(left > right)),
        b"-eq" => Some(compare(left, right).map(Ordering::is_eq)),
        b"-ne" => Some(compare(left, right).map(Ordering::is_ne)),
        b"-lt" => Some(compare(left, right).map(Ordering::is_lt)),
        b"-le" => Some(compare(left, right).map(Ordering::is_le)),
        b"-gt" => Some(compare(left, right).map(Ordering::is_gt)),
        b"-ge" => Some(compare(left, right).map(Ordering::is_ge)),
        b"-ef" => Some(Ok(match (status(left), status(right)) {
            (Some(a), Some(b)) => (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino),
            _ => false,
        })),
        b"-nt" => Some(Ok(match (status(left), status(right)) {
            (Some(a), Some(b)) => time(a) > time(b),
            (a, b) => a.is_some() && b.is_none(),
        })),
        b"-ot" => Some(Ok(match (status(left), status(right)) {
            (Some(a), Some(b)) => time(a) < time(b),
            (a, b) => a.is_none() && b.is_some(),
        })),
        _ => None,
    }
}
