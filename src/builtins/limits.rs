//! `umask`, `ulimit` and `times` (XCU 4, 2.15): what the process and its children inherit and have used.

use crate::builtins::{Builtin, BuiltinResult, Kind, about, options, too_many_arguments};
use crate::fields::Fields;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::sys::limits::{self, Resource, Times};
use crate::sys::stack;
use bstr::{BStr, ByteSlice};

/// `umask`
pub const UMASK: Builtin = Builtin {
    name: "umask",
    kind: Kind::Regular,
    usage: "umask [-S] [mask]",
    about: "Print or set the file creation mask, in octal or as u=rwx,g=rx,o=.\n-S  print it symbolically",
    run: umask,
};

/// `ulimit`
pub const ULIMIT: Builtin = Builtin {
    name: "ulimit",
    kind: Kind::Regular,
    usage: "ulimit [-H | -S] [-a | -cdefilmnqrstuvx [limit]]",
    about: "Print or set a limit of the process (-f). A limit is a number, `unlimited`, `soft` or `hard`.\n\
            -H  the hard limit\n-S  the soft limit\n-a  all limits",
    run: ulimit,
};

/// `times`
pub const TIMES: Builtin = Builtin {
    name: "times",
    kind: Kind::Special,
    usage: "times",
    about: "Print the user and system time of the shell and of its children.",
    run: times,
};

fn umask(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, first) = options(fields, "S")?;
    let Some(operand) = fields.get(first) else {
        let mask = limits::mask();
        let text = if found.is_empty() { format!("{mask:04o}\n") } else { symbolic(mask) };
        shell.io.write(text.as_bytes())?;
        return Ok(ExitStatus::SUCCESS);
    };
    if fields.get(first + 1).is_some() {
        return Err(too_many_arguments().into());
    }
    let wrong = || about(operand, "not a file mode (022 and u=rwx,g=rx are some)");
    let mask = if operand.first().is_some_and(u8::is_ascii_digit) {
        let text = operand.to_str().map_err(|_| wrong())?;
        u32::from_str_radix(text, 8).ok().filter(|&mask| mask <= 0o777).ok_or_else(wrong)?
    } else {
        parse_symbolic(operand, limits::mask()).ok_or_else(wrong)?
    };
    limits::set_mask(mask);
    Ok(ExitStatus::SUCCESS)
}

fn symbolic(mask: u32) -> String {
    let part = |shift: u32| {
        let allowed = !mask >> shift;
        [(4, 'r'), (2, 'w'), (1, 'x')]
            .iter()
            .filter(|(bit, _)| allowed & bit != 0)
            .map(|&(_, letter)| letter)
            .collect::<String>()
    };
    format!("u={},g={},o={}\n", part(6), part(3), part(0))
}

/// The grammar of chmod: `[ugoa...][+-=][rwxXst|ugo]...`, by commas; what it allows is what the mask does not have. `X` and the
/// copies `u`, `g`, `o` look at the mask as it was before, as `X` must by the standard and as both do in dash and mksh.
fn parse_symbolic(text: &[u8], mask: u32) -> Option<u32> {
    let before = !mask & 0o777;
    let mut allowed = before;
    for clause in text.split(|&byte| byte == b',') {
        let who_length = clause.iter().take_while(|byte| b"ugoa".contains(byte)).count();
        let who = clause[..who_length].iter().fold(0, |who, letter| {
            who | match letter {
                b'u' => 0o700,
                b'g' => 0o070,
                b'o' => 0o007,
                _ => 0o777,
            }
        });
        let who = if who_length == 0 { 0o777 } else { who };
        let mut rest = &clause[who_length..];
        if rest.is_empty() {
            return None;
        }
        while let [operator @ (b'+' | b'-' | b'='), behind @ ..] = rest {
            let length = behind.iter().take_while(|byte| !b"+-=".contains(byte)).count();
            let mut bits = 0;
            for letter in &behind[..length] {
                bits |= match letter {
                    b'r' => 0o444,
                    b'w' => 0o222,
                    b'x' => 0o111,
                    b'X' if before & 0o111 != 0 => 0o111,
                    b'X' | b's' | b't' => 0,
                    b'u' => (before >> 6 & 7) * 0o111,
                    b'g' => (before >> 3 & 7) * 0o111,
                    b'o' => (before & 7) * 0o111,
                    _ => return None,
                };
            }
            match operator {
                b'+' => allowed |= bits & who,
                b'-' => allowed &= !(bits & who),
                _ => allowed = allowed & !who | bits & who,
            }
            rest = &behind[length..];
        }
        if !rest.is_empty() {
            return None;
        }
    }
    Some(!allowed & 0o777)
}

/// Letter, resource, unit in bytes (or 1), and description.
const LIMITS: &[(u8, Resource, u64, &str)] = &[
    (b'c', Resource::RLIMIT_CORE, 512, "core file size (512-byte blocks)"),
    (b'd', Resource::RLIMIT_DATA, 1024, "data segment (KiB)"),
    (b'e', Resource::RLIMIT_NICE, 1, "scheduling priority"),
    (b'f', Resource::RLIMIT_FSIZE, 512, "file size (512-byte blocks)"),
    (b'i', Resource::RLIMIT_SIGPENDING, 1, "pending signals"),
    (b'l', Resource::RLIMIT_MEMLOCK, 1024, "locked memory (KiB)"),
    (b'm', Resource::RLIMIT_RSS, 1024, "resident memory (KiB)"),
    (b'n', Resource::RLIMIT_NOFILE, 1, "open files"),
    (b'q', Resource::RLIMIT_MSGQUEUE, 1, "POSIX message queues (bytes)"),
    (b'r', Resource::RLIMIT_RTPRIO, 1, "real-time priority"),
    (b's', Resource::RLIMIT_STACK, 1024, "stack (KiB)"),
    (b't', Resource::RLIMIT_CPU, 1, "processor time (seconds)"),
    (b'u', Resource::RLIMIT_NPROC, 1, "processes"),
    (b'v', Resource::RLIMIT_AS, 1024, "virtual memory (KiB)"),
    (b'x', Resource::RLIMIT_LOCKS, 1, "file locks"),
];

fn ulimit(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, first) = options(fields, "HSacdefilmnqrstuvx")?;
    let has = |letter: u8| found.iter().any(|option| option.letter == letter);
    let (hard, soft) = (has(b'H'), has(b'S'));
    let mut out = String::new();
    if fields.get(first + usize::from(!has(b'a'))).is_some() {
        return Err(too_many_arguments().into());
    }
    if has(b'a') {
        for &(letter, resource, unit, name) in LIMITS {
            out.push_str(&format!("-{}  {name:<34} {}\n", char::from(letter), shown(resource, unit, hard)?));
        }
        shell.io.write(out.as_bytes())?;
        return Ok(ExitStatus::SUCCESS);
    }
    let letter = found.iter().map(|option| option.letter).rfind(|letter| !b"HS".contains(letter)).unwrap_or(b'f');
    let Some(&(_, resource, unit, _)) = LIMITS.iter().find(|row| row.0 == letter) else {
        return Err(crate::builtins::unknown_option(letter).into());
    };
    let Some(operand) = fields.get(first) else {
        out = format!("{}\n", shown(resource, unit, hard && !soft)?);
        shell.io.write(out.as_bytes())?;
        return Ok(ExitStatus::SUCCESS);
    };
    let failed = |errno| Error::system("cannot set the limit", errno);
    let (old_soft, old_hard) = limits::getrlimit(resource).map_err(failed)?;
    let value = parse_limit(operand, unit, old_soft, old_hard)?;
    let both = hard == soft;
    let new_soft = if soft || both { value } else { old_soft };
    let new_hard = if hard || both { value } else { old_hard };
    // Whether output may wait depends on the limit of files.
    shell.io.settle();
    if matches!(letter, b'v' | b'd') {
        stack::shrink(new_soft);
    }
    limits::set_limits(resource, new_soft, new_hard).map_err(failed)?;
    shell.is_limited |= matches!(letter, b't' | b'v' | b'd') && new_soft != limits::UNLIMITED;
    Ok(ExitStatus::SUCCESS)
}

fn parse_limit(operand: &BStr, unit: u64, soft: u64, hard: u64) -> Result<u64, Error> {
    match operand.as_bytes() {
        b"unlimited" => Ok(limits::UNLIMITED),
        b"hard" => Ok(hard),
        b"soft" => Ok(soft),
        text => {
            let number = text.to_str().ok().and_then(|text| text.parse::<u64>().ok());
            let bytes = number.and_then(|number| number.checked_mul(unit));
            bytes.ok_or_else(|| about(operand, "not a limit (a number, or unlimited)").with_status(ExitStatus::USAGE))
        }
    }
}

fn shown(resource: Resource, unit: u64, hard: bool) -> Result<String, Error> {
    let (soft, maximum) = limits::getrlimit(resource).map_err(|errno| Error::system("cannot get the limit", errno))?;
    let value = if hard { maximum } else { soft };
    Ok(if value == limits::UNLIMITED { "unlimited".into() } else { (value / unit).to_string() })
}

fn times(shell: &mut Shell, _: &Fields) -> BuiltinResult {
    let (own, children) = limits::times().map_err(|errno| Error::system("cannot get the times", errno))?;
    let time = |micros: i64| format!("{}m{:.2}s", micros / 60_000_000, (micros % 60_000_000) as f64 / 1e6);
    let line = |times: Times| format!("{} {}\n", time(times.user), time(times.system));
    shell.io.write((line(own) + &line(children)).as_bytes())?;
    Ok(ExitStatus::SUCCESS)
}
