//! Completion: what the word at the cursor could become.

mod files;
pub mod manual;
pub mod names;
mod project;
mod roff;
pub mod scan;
mod systemd;

use crate::interactive::text::{to_bytes, to_text};
use crate::quote::quote;
use crate::shell::Shell;
use crate::sys::signames;
use bstr::ByteSlice;
use scan::{Place, Quote, unquote};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// Something that the word could become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// The word, quoted.
    pub text: String,
    /// What follows if nothing else can: a blank, or nothing behind a directory.
    pub suffix: String,
    /// What the menu shows.
    pub label: String,
    /// A few words about it for the menu, or nothing.
    pub about: String,
}

impl Candidate {
    fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), suffix: " ".to_owned(), label: text.to_owned(), about: String::new() }
    }

    /// With a few words about it.
    fn explained(text: &str, about: &str) -> Self {
        Self { about: about.to_owned(), ..Self::plain(text) }
    }
}

/// The candidates, and where the word that they replace begins.
#[derive(Debug, Default)]
pub struct Found {
    /// The offset in the line.
    pub start: usize,
    /// The candidates, sorted.
    pub candidates: Vec<Candidate>,
}

/// What commands' operands are, where they are not files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operand {
    /// Names of commands.
    Commands,
    /// A command and its operands.
    CommandLine,
    Builtins,
    Directories,
    Variables,
    Aliases,
    Functions,
    Jobs,
    JobsOrProcesses,
    Signals,
    Options,
    Users,
    /// `user:group`
    Owners,
    Groups,
    Hosts,
    /// Files here or on another computer.
    HostsOrFiles,
    ProcessNames,
    SystemctlVerbs,
    Units,
    Services,
    ServiceVerbs,
    Verbs,
    Addresses,
    Queues,
    GitNames,
    MakeTargets,
    Files,
}

/// What the operands of a command are.
fn kind_of_operand(command: &str, words: &[String]) -> Operand {
    let last = words.last().map(|word| &word[..]).unwrap_or_default();
    let operands = words.get(1..).unwrap_or_default().iter().filter(|word| !word.starts_with('-')).count();
    match (command, words.len()) {
        ("sudo", _) if last == "-u" || last == "--user" => Operand::Users,
        ("systemctl", _) if operands == 0 => Operand::SystemctlVerbs,
        ("systemctl", _) => Operand::Units,
        ("journalctl", _) if last == "-u" || last == "--unit" => Operand::Units,
        ("service", 1) => Operand::Services,
        ("service", 2) => Operand::ServiceVerbs,
        ("pkill" | "pgrep" | "killall" | "pidof", _) => Operand::ProcessNames,
        ("scp" | "rsync", _) => Operand::HostsOrFiles,
        ("type" | "hash" | "which" | "whence" | "man" | "whatis", _) => Operand::Commands,
        ("command" | "exec" | "nohup" | "sudo" | "env" | "nice" | "xargs" | "strace" | "time", _) => {
            Operand::CommandLine
        }
        ("help", _) => Operand::Builtins,
        ("cd" | "rmdir" | "mkdir" | "pushd", _) => Operand::Directories,
        ("unset", _) if last == "-f" => Operand::Functions,
        ("export" | "readonly" | "unset" | "local" | "read" | "getopts", _) => Operand::Variables,
        ("alias" | "unalias", _) => Operand::Aliases,
        ("kill", 2) if last == "-s" => Operand::Signals,
        ("trap", 2..) => Operand::Signals,
        ("kill", _) => Operand::JobsOrProcesses,
        ("fg" | "bg" | "jobs" | "wait" | "disown", _) => Operand::Jobs,
        ("set", _) if last == "-o" || last == "+o" => Operand::Options,
        (
            "ssh" | "sftp" | "ssh-copy-id" | "ping" | "host" | "dig" | "nslookup" | "telnet" | "mosh" | "nc" | "ncat"
            | "socat",
            _,
        ) => Operand::Hosts,
        ("mq" | "rpc" | "sock" | "ipc", 1) => Operand::Verbs,
        ("mq", _) => Operand::Queues,
        ("send" | "recv" | "ipc", _) => Operand::Addresses,
        ("git", 2..) if last != "--" && project::GIT_VERBS.contains(&&words[1][..]) => Operand::GitNames,
        ("make" | "gmake", _) if !last.starts_with('-') => Operand::MakeTargets,
        ("chown", _) if operands == 0 => Operand::Owners,
        ("chgrp" | "newgrp", _) if operands == 0 => Operand::Groups,
        ("chown" | "chgrp", _) => Operand::Files,
        ("su" | "id" | "groups" | "finger" | "passwd" | "login", _) => Operand::Users,
        _ => Operand::Files,
    }
}

/// What the word before the cursor could become.
pub fn candidates(shell: &mut Shell, text: &str, cursor: usize) -> Found {
    let place = scan::scan(&text[..cursor]);
    let raw = &text[place.start..cursor];
    if let Some(found) = variable(shell, &place, raw) {
        return found;
    }
    let plain = unquote(raw);
    let is_command = place.words.is_empty() && !place.is_redirection;
    let mut found = Found { start: place.start, candidates: Vec::new() };
    if raw.starts_with('~') && !raw.contains('/') {
        let users = names::users();
        let matching = users.iter().filter(|user| user.starts_with(&plain[1..]));
        found.candidates = matching
            .map(|user| Candidate { suffix: "/".to_owned(), ..Candidate::plain(&format!("~{user}")) })
            .collect();
        return found;
    }
    if scan::is_assignment(raw) && is_command {
        let value = raw.find('=').map_or(0, |at| at + 1);
        found.start += value;
        found.candidates = files::complete(shell, &raw[value..], files::Wanted::All);
        return found;
    }
    if is_command {
        if raw.contains('/') {
            found.candidates = files::complete(shell, raw, files::Wanted::Programs);
        } else if !plain.is_empty() {
            let names = names::commands(shell, &plain);
            found.candidates = names.iter().map(|name| files::quoted_like(raw, name)).collect();
            // A directory's name can begin a path.
            found.candidates.extend(files::complete(shell, raw, files::Wanted::Directories));
        }
        return found;
    }
    // A redirection's file, or the value of a long option.
    let value = if place.is_redirection { Some(0) } else { value_of_option(raw) };
    if let Some(value) = value {
        found.start += value;
        found.candidates = files::complete(shell, &raw[value..], files::Wanted::All);
        return found;
    }
    found.candidates = operand(shell, &place, raw, &plain);
    // `of=file`: a file behind an equals sign, if nothing is called like the whole.
    if let (true, Some(at)) = (found.candidates.is_empty(), raw.rfind('=')) {
        found.start += at + 1;
        found.candidates = files::complete(shell, &raw[at + 1..], files::Wanted::All);
    }
    found
}

/// Where the value begins in `--name=value`.
fn value_of_option(raw: &str) -> Option<usize> {
    raw.find('=').filter(|_| raw.starts_with("--")).map(|at| at + 1)
}

/// `$na` and `${na`.
fn variable(shell: &Shell, place: &Place, raw: &str) -> Option<Found> {
    if place.quote == Quote::Single {
        return None;
    }
    let dollar = raw.rfind('$')?;
    let escaped = raw[..dollar].bytes().rev().take_while(|&byte| byte == b'\\').count() % 2 == 1;
    if escaped {
        return None;
    }
    let (prefix, brace) = match raw[dollar + 1..].strip_prefix('{') {
        Some(name) => (name, true),
        None => (&raw[dollar + 1..], false),
    };
    if !prefix.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    let names = names::variables(shell).into_iter().filter(|name| name.starts_with(prefix));
    let close = if brace { "}" } else { "" };
    let candidates = names.map(|name| Candidate { suffix: close.to_owned(), ..Candidate::plain(&name) }).collect();
    Some(Found { start: place.start + dollar + 1 + usize::from(brace), candidates })
}

fn quoted(names: impl IntoIterator<Item = String>) -> Vec<Candidate> {
    let candidate = |name: String| Candidate { text: to_text(&quote(&to_bytes(&name))), ..Candidate::plain(&name) };
    names.into_iter().map(candidate).collect()
}

fn starting(names: impl IntoIterator<Item = String>, prefix: &str) -> Vec<Candidate> {
    quoted(names.into_iter().filter(|name| name.starts_with(prefix)))
}

fn operand(shell: &mut Shell, place: &Place, raw: &str, plain: &str) -> Vec<Candidate> {
    let Some((command, operands)) = place.words.split_first() else { return Vec::new() };
    let kind = kind_of_operand(command, &place.words);
    if kind == Operand::CommandLine && operands.first().is_some_and(|inner| !inner.starts_with('-')) {
        let inner = Place { words: operands.to_vec(), ..place.clone() };
        return operand(shell, &inner, raw, plain);
    }
    if plain.starts_with('-') {
        let found = options(shell, command, operands, plain);
        if !found.is_empty() {
            return found;
        }
    }
    let files = |shell: &mut Shell| files::complete(shell, raw, files::Wanted::All);
    match kind {
        Operand::Files if operands.is_empty() => {
            let verbs = program(shell, command).map(|program| manual::subcommands(shell, &program, plain));
            let verbs = verbs.unwrap_or_default().into_iter();
            or_files(verbs.map(|(verb, about)| Candidate::explained(&verb, &about)).collect(), shell, raw)
        }
        Operand::Files => files(shell),
        Operand::Directories => files::complete(shell, raw, files::Wanted::Directories),
        Operand::Commands | Operand::CommandLine if plain.contains('/') => {
            files::complete(shell, raw, files::Wanted::Programs)
        }
        Operand::Commands | Operand::CommandLine => quoted(names::commands(shell, plain)),
        Operand::Builtins => starting(crate::builtins::TABLE.iter().map(|builtin| builtin.name.to_owned()), plain),
        Operand::Variables => starting(names::variables(shell), plain)
            .into_iter()
            .map(|candidate| match &command[..] {
                "export" | "readonly" | "local" => Candidate { suffix: String::new(), ..candidate },
                _ => candidate,
            })
            .collect(),
        Operand::Aliases => starting(shell.aliases.iter().map(|(name, _)| to_text(name)).collect::<Vec<_>>(), plain),
        Operand::Functions => {
            let all = shell.commands.sorted().into_iter().filter(|(_, entry)| entry.function.is_some());
            starting(all.map(|(name, _)| to_text(name)).collect::<Vec<_>>(), plain)
        }
        Operand::Jobs => jobs(shell, plain),
        Operand::JobsOrProcesses => {
            let jobs = jobs(shell, plain);
            if jobs.is_empty() { processes(plain) } else { jobs }
        }
        Operand::Signals => signals("", plain),
        Operand::Options => {
            let names = crate::shell::options::TABLE.iter().filter_map(|(_, name, _)| name.map(str::to_owned));
            starting(names, plain)
        }
        Operand::Verbs => or_files(starting(names::verbs(command), plain), shell, raw),
        Operand::Queues => or_files(starting(names::queues(&shell.held), plain), shell, raw),
        Operand::Addresses => {
            let base = crate::builtins::message::base(shell);
            let mut all = starting(names::queues(&base.held).into_iter().chain(names::meeting_places(&base)), plain);
            let mechanisms = names::MECHANISMS.iter().filter(|mechanism| mechanism.starts_with(plain));
            all.extend(mechanisms.map(|name| Candidate { suffix: String::new(), ..Candidate::plain(name) }));
            or_files(all, shell, raw)
        }
        Operand::GitNames => or_files(starting(project::git_names(), plain), shell, raw),
        Operand::MakeTargets => or_files(starting(project::make_targets(), plain), shell, raw),
        Operand::Users => or_files(starting(names::users(), plain), shell, raw),
        Operand::Groups => or_files(starting(names::groups(), plain), shell, raw),
        Operand::Owners => match plain.split_once(':') {
            Some((user, _)) => starting(names::groups().into_iter().map(|group| format!("{user}:{group}")), plain),
            None => or_files(starting(names::users(), plain), shell, raw),
        },
        Operand::ProcessNames => {
            let names: BTreeSet<String> = names::processes().into_iter().map(|(_, name)| name).collect();
            starting(names, plain)
        }
        Operand::SystemctlVerbs => starting(systemd::VERBS.iter().map(|verb| (*verb).to_owned()), plain),
        Operand::ServiceVerbs => starting(systemd::SERVICE_VERBS.iter().map(|verb| (*verb).to_owned()), plain),
        Operand::Services => starting(systemd::services(shell), plain),
        Operand::Units => {
            let user = operands.iter().any(|operand| operand == "--user");
            let units = starting(systemd::units(shell, user), plain).into_iter();
            // Behind `name@` stands what its instance is called.
            units
                .map(|unit| if unit.text.ends_with('@') { Candidate { suffix: String::new(), ..unit } } else { unit })
                .collect()
        }
        Operand::HostsOrFiles => {
            let mut found = files::complete(shell, raw, files::Wanted::All);
            if !plain.is_empty() && !plain.contains(['/', ':']) {
                let remote = hosts(shell, plain).into_iter();
                found.extend(remote.map(|host| Candidate { text: host.text + ":", suffix: String::new(), ..host }));
            }
            found
        }
        Operand::Hosts => or_files(hosts(shell, plain), shell, raw),
    }
}

/// The options of a command that begin like `plain`: a builtin's from its usage, a program's from its manual page.
fn options(shell: &mut Shell, command: &str, operands: &[String], plain: &str) -> Vec<Candidate> {
    let mut found = match plain.strip_prefix('-') {
        Some(rest) if command == "kill" && operands.is_empty() => signals("-", rest),
        _ => Vec::new(),
    };
    // (Behind so many short names a description would take a line from each of them.)
    let short = !found.is_empty();
    let own = names::options(command).into_iter().filter(|(option, _)| option.starts_with(plain));
    found.extend(own.map(|(option, about)| Candidate::explained(&option, if short { "" } else { &about })));
    let told = program(shell, command).map(|program| manual::options(shell, &program, operands)).unwrap_or_default();
    found.extend(told.into_iter().filter(|option| option.name.starts_with(plain)).map(
        |option| match option.takes_value {
            true => Candidate { suffix: String::new(), ..Candidate::explained(&(option.name + "="), &option.about) },
            false => Candidate::explained(&option.name, &option.about),
        },
    ));
    found
}

/// The program that a command name, or the alias with this name, stands for; none if it is a builtin or a function.
pub fn program(shell: &Shell, command: &str) -> Option<String> {
    let value = shell.aliases.get(to_bytes(command).as_bstr()).map(|value| to_text(value) + " ");
    let first = value.and_then(|value| scan::scan(&value).words.into_iter().next());
    let name = first.unwrap_or_else(|| command.to_owned());
    let bytes = to_bytes(&name);
    (shell.commands.builtin(&bytes).is_none() && shell.commands.function(&bytes).is_none()).then_some(name)
}

fn or_files(candidates: Vec<Candidate>, shell: &mut Shell, raw: &str) -> Vec<Candidate> {
    if candidates.is_empty() { files::complete(shell, raw, files::Wanted::All) } else { candidates }
}

/// `%1`, with the command in the menu, and `%na` for the job's name.
fn jobs(shell: &Shell, prefix: &str) -> Vec<Candidate> {
    let wanted = prefix.strip_prefix('%').unwrap_or(prefix);
    let mut found = Vec::new();
    for job in shell.jobs.iter() {
        let (number, text) = (job.number.to_string(), to_text(&job.text));
        if number.starts_with(wanted) || text.starts_with(wanted) {
            found.push(Candidate::explained(&format!("%{number}"), &text));
        }
    }
    found
}

/// The computers that the user's files know, with the user before `@` that is written there.
fn hosts(shell: &mut Shell, plain: &str) -> Vec<Candidate> {
    let (user, host) = plain.rsplit_once('@').map_or(("", plain), |(user, host)| (user, host));
    let at = if user.is_empty() { String::new() } else { format!("{user}@") };
    let hosts = names::hosts(shell).into_iter().filter(|name| name.starts_with(host));
    quoted(hosts.map(|host| format!("{at}{host}")))
}

/// The user's processes by number, or, for what is no number, those whose names begin like it.
fn processes(prefix: &str) -> Vec<Candidate> {
    let all = names::processes().into_iter().map(|(pid, name)| (pid.to_string(), name));
    let wanted = all.filter(|(pid, name)| pid.starts_with(prefix) || name.starts_with(prefix));
    wanted.map(|(pid, name)| Candidate::explained(&pid, &name)).collect()
}

fn signals(before: &str, prefix: &str) -> Vec<Candidate> {
    let upper = prefix.to_ascii_uppercase();
    let upper = upper.strip_prefix("SIG").unwrap_or(&upper);
    let names = (1..32).map(signames::name_or_number).filter(|name| name.starts_with(upper.as_bytes()));
    names.map(|name| Candidate::plain(&format!("{before}{name}"))).collect()
}

/// What all candidates begin with, if that is more than, or other than, what stands there.
pub fn common_prefix(candidates: &[Candidate], present: &str) -> Option<String> {
    let first = &candidates.first()?.text;
    let mut length = first.len();
    for candidate in candidates {
        let same = first.bytes().zip(candidate.text.bytes()).take_while(|(a, b)| a == b).count();
        length = length.min(same);
    }
    while !first.is_char_boundary(length) {
        length -= 1;
    }
    let mut common = &first[..length];
    // A backslash alone would quote what comes next.
    if common.ends_with('\\') && !common.ends_with("\\\\") {
        common = &common[..common.len() - 1];
    }
    // In front of a quote that only some need.
    let useful =
        common.len() >= present.len() && common != present && scan::quote_after(common) == scan::quote_after(present);
    useful.then(|| common.to_owned())
}

/// The word around an offset.
pub fn word_around(text: &str, offset: usize) -> (usize, usize) {
    let is_end = |c: char| c.is_whitespace() || ";&|<>()".contains(c);
    let end = text[offset..].find(is_end).map_or(text.len(), |at| offset + at);
    (scan::scan(&text[..end]).start, end)
}

/// The directory that a word names, or in which the file that it names is.
pub fn directory_of(shell: &mut Shell, raw: &str) -> PathBuf {
    let fields = files::word_fields(shell, raw);
    let path = fields.first().map(|path| PathBuf::from(OsString::from_vec(to_bytes(path)))).unwrap_or_default();
    if path.is_dir() {
        return path;
    }
    path.parent().filter(|parent| parent.is_dir()).map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// The files that a word matches as a pattern (with `*` behind it if it is none), quoted.
pub fn pathnames(shell: &mut Shell, raw: &str) -> Vec<String> {
    let pattern = if raw.contains(['*', '?', '[']) { raw.to_owned() } else { format!("{raw}*") };
    // (A pattern that matches nothing is left as it is.)
    let found = files::word_fields(shell, &pattern).into_iter().map(|name| to_bytes(&name));
    let existing = found.filter(|name| PathBuf::from(OsString::from_vec(name.clone())).symlink_metadata().is_ok());
    existing.map(|name| to_text(&quote(&name))).collect()
}
