//! The names that can be completed, other than files: commands, variables, users, hosts, options.

use crate::builtins::{self, TABLE};
use crate::exec::names;
use crate::interactive::text::{to_bytes, to_text};
use crate::ipc::mq::admin;
use crate::ipc::mq::posix::Held;
use crate::ipc::{Base, run};
use crate::shell::vars::slot;
use crate::shell::{Shell, options};
use bstr::ByteSlice;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The reserved words with which a command can begin.
const RESERVED: &[&str] = &["case", "for", "function", "if", "time", "until", "while"];

/// Everything that can stand where a command begins.
pub fn commands(shell: &mut Shell, prefix: &str) -> BTreeSet<String> {
    let bytes = to_bytes(prefix);
    let names = names::commands(shell, &|name| name.starts_with(&bytes));
    let mut names: BTreeSet<String> = names.iter().map(|name| to_text(name)).collect();
    names.extend(RESERVED.iter().filter(|word| word.starts_with(prefix)).map(|&word| word.to_owned()));
    names
}

/// The names of variables that are set.
pub fn variables(shell: &Shell) -> BTreeSet<String> {
    shell.vars.sorted().into_iter().map(|slot| to_text(shell.vars.name(slot))).collect()
}

/// The names of users.
pub fn users() -> BTreeSet<String> {
    first_fields("/etc/passwd")
}

/// The names of groups.
pub fn groups() -> BTreeSet<String> {
    first_fields("/etc/group")
}

fn first_fields(file: &str) -> BTreeSet<String> {
    let text = std::fs::read(file).unwrap_or_default();
    text.lines().filter_map(|line| line.split(|&byte| byte == b':').next()).map(to_text).collect()
}

/// The name of the user with an id. The file itself is read: getpwuid(3) in a static executable loads shared libraries.
pub fn user_name(id: u32) -> Option<Vec<u8>> {
    let text = std::fs::read("/etc/passwd").ok()?;
    let id = id.to_string();
    let mut entries = text.lines().map(|line| line.split(|&byte| byte == b':'));
    entries.find_map(|mut fields| {
        let name = fields.next()?;
        (fields.nth(1)? == id.as_bytes()).then(|| name.to_vec())
    })
}

/// The user's processes but this one, oldest first, with their names.
pub fn processes() -> Vec<(i32, String)> {
    let own = nix::unistd::geteuid().as_raw();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let owned = entries.filter(|entry| entry.metadata().is_ok_and(|process| process.uid() == own));
    let pids = owned.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // (One that has ended meanwhile has no name any more; a thread of the kernel, which nobody can kill, has no arguments.)
    let read = |pid: i32, file: &str| std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let killable = pids.filter(|&pid| pid != nix::unistd::getpid().as_raw() && !read(pid, "cmdline").is_empty());
    let mut found: Vec<_> = killable.map(|pid| (pid, to_text(read(pid, "comm").trim_end()))).collect();
    found.sort_unstable();
    found
}

/// The names of computers that the user's files know.
pub fn hosts(shell: &mut Shell) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let text = std::fs::read_to_string("/etc/hosts").unwrap_or_default();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default();
        names.extend(line.split_whitespace().skip(1).map(str::to_owned));
    }
    let home = shell.vars.get(slot::HOME).map(|home| home.to_vec()).unwrap_or_default();
    let home = Path::new(OsStr::from_bytes(&home));
    let known = std::fs::read_to_string(home.join(".ssh/known_hosts")).unwrap_or_default();
    for line in known.lines().filter(|line| !line.starts_with(['#', '|', '@'])) {
        let hosts = line.split_whitespace().next().unwrap_or_default();
        let plain = |host: &str| host.trim_start_matches('[').split(']').next().unwrap_or_default().to_owned();
        names.extend(hosts.split(',').map(plain));
    }
    let config = std::fs::read_to_string(home.join(".ssh/config")).unwrap_or_default();
    for line in config.lines() {
        let mut words = line.split_whitespace();
        if words.next().is_some_and(|word| word.eq_ignore_ascii_case("host")) {
            names.extend(words.filter(|name| !name.contains(['*', '?', '!'])).map(str::to_owned));
        }
    }
    names.remove("");
    names
}

/// How addresses for `send` and `recv` begin, when no queue is meant.
pub const MECHANISMS: &[&str] =
    &["box:", "fd:", "fifo:", "pid:", "posix:/", "rdv:", "sysv:", "tcp:", "udp:", "unix:", "unix-dgram:", "unix-seq:"];

/// The addresses of the message queues that exist; of System V queues by their keys, where they have any.
pub fn queues(held: &Held) -> BTreeSet<String> {
    // Where there are none, or they cannot be listed, nothing is offered.
    let all = admin::list_posix(held).unwrap_or_default().into_iter().chain(admin::list_sysv().unwrap_or_default());
    let address = |queue: admin::Listed| {
        let key = queue.facts.iter().find_map(|(name, value)| value.as_str().filter(|_| *name == "key"));
        key.filter(|&key| key != "0x00000000").map_or(queue.address.to_string(), |key| format!("sysv:{key}"))
    };
    all.map(address).collect()
}

/// The addresses of the user's mailboxes, and of the rendezvous at which somebody waits.
pub fn meeting_places(base: &Base) -> BTreeSet<String> {
    let named = |ending: &str| run::names(base, &format!(".{ending}")).into_iter();
    let boxes = named("box").map(|name| format!("box:{name}"));
    boxes.chain(named("rdv").map(|name| format!("rdv:{name}"))).collect()
}

/// The first operands of a builtin that takes a verb, from the lines of its usage: `mq create|key|send ...`.
pub fn verbs(name: &str) -> BTreeSet<String> {
    let usage = builtins::find(name.as_bytes()).map_or("", |number| TABLE[usize::from(number)].usage);
    let words = usage.lines().filter_map(|line| line.split(' ').nth(1)).flat_map(|word| word.split('|'));
    words.filter(|word| word.chars().all(|c| c.is_ascii_lowercase())).map(str::to_owned).collect()
}

/// The options of a builtin, from its usage and its description: each with what is said about it.
pub fn options(name: &str) -> Vec<(String, String)> {
    let Some(builtin) = builtins::find(name.as_bytes()).map(|number| &TABLE[usize::from(number)]) else {
        return Vec::new();
    };
    let mut found: Vec<(String, String)> = Vec::new();
    let mut add = |option: &str, text: &str| {
        if !found.iter().any(|(known, _)| known == option) {
            found.push((option.to_owned(), text.to_owned()));
        }
    };
    for line in builtin.about.lines().skip(1) {
        let line = line.trim_start();
        let (options, text) = line.split_once("  ").unwrap_or((line, ""));
        if options.starts_with('-') {
            let first = options.split([' ', ',']).next().unwrap_or(options);
            add(first, text.trim());
        }
    }
    for &(letter, word, _) in if name == "set" { options::TABLE } else { &[] } {
        if let (Some(letter), Some(word)) = (letter, word) {
            add(&format!("-{}", char::from(letter)), word);
        }
    }
    for (bracket, piece) in builtin.usage.split('[').enumerate() {
        for (at, word) in piece.split([']', ' ', '\n', '|']).enumerate() {
            match word.strip_prefix('-') {
                Some(long) if long.starts_with('-') && long.len() > 1 => add(word, ""),
                // Several letters are several options in `[-abc`, and a name in `kill -sig`.
                Some(letters) if letters.len() == 1 || bracket > 0 && at == 0 => {
                    let letters = letters.chars().filter(char::is_ascii_alphanumeric);
                    letters.for_each(|letter| add(&format!("-{letter}"), ""));
                }
                _ => {}
            }
        }
    }
    found
}
