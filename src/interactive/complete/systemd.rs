//! Names of systemd's units, from the directories in which they are (systemd.unit(5)). No program is asked and systemd need not run.

use crate::interactive::text::to_text;
use crate::shell::Shell;
use crate::shell::vars::slot;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// The verbs of systemctl(1) that people type, those behind which units stand first.
pub const VERBS: &[&str] = &[
    "add-requires",
    "add-wants",
    "cat",
    "clean",
    "disable",
    "edit",
    "enable",
    "freeze",
    "help",
    "is-active",
    "is-enabled",
    "is-failed",
    "isolate",
    "kill",
    "list-dependencies",
    "mask",
    "preset",
    "reenable",
    "reload",
    "reload-or-restart",
    "reset-failed",
    "restart",
    "revert",
    "show",
    "start",
    "status",
    "stop",
    "thaw",
    "try-restart",
    "unmask",
    "daemon-reload",
    "daemon-reexec",
    "get-default",
    "hibernate",
    "list-jobs",
    "list-sockets",
    "list-timers",
    "list-unit-files",
    "list-units",
    "poweroff",
    "reboot",
    "rescue",
    "set-default",
    "show-environment",
    "suspend",
];

/// What service(8) does with a service.
pub const SERVICE_VERBS: &[&str] = &["force-reload", "reload", "restart", "start", "status", "stop"];

/// How units' files end.
const ENDINGS: &[&str] =
    &["automount", "device", "mount", "path", "scope", "service", "slice", "socket", "swap", "target", "timer"];
/// Where they are, the user's own and everybody's.
const SYSTEM: &[&str] = &[
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
const USER: &[&str] =
    &["/etc/systemd/user", "/run/systemd/user", "/usr/local/lib/systemd/user", "/usr/lib/systemd/user"];

/// The units, the system's or with `user` the user's; of a template (`name@.service`) what its instances begin with.
pub fn units(shell: &mut Shell, user: bool) -> BTreeSet<String> {
    names(directories(shell, user))
}

/// The services by their names alone, those of /etc/init.d among them.
pub fn services(shell: &mut Shell) -> BTreeSet<String> {
    let units = units(shell, false);
    let mut services: BTreeSet<_> =
        units.iter().filter_map(|unit| unit.strip_suffix(".service")).map(str::to_owned).collect();
    services.extend(files(&PathBuf::from("/etc/init.d")));
    services
}

fn directories(shell: &mut Shell, user: bool) -> Vec<PathBuf> {
    let usual = if user { USER } else { SYSTEM };
    let mut all = Vec::new();
    if user && let Some(home) = shell.vars.get(slot::HOME) {
        all.push(PathBuf::from(OsString::from_vec(home.to_vec())).join(".config/systemd/user"));
    }
    all.extend(usual.iter().map(PathBuf::from));
    match shell.vars.value_of(b"SYSTEMD_UNIT_PATH").map(|path| path.to_vec()) {
        None => all,
        Some(own) => {
            let given = own.split(|&byte| byte == b':').filter(|path| !path.is_empty());
            let given = given.map(|path| PathBuf::from(OsString::from_vec(path.to_vec())));
            // An empty component at the end is the usual ones.
            given.chain(all.into_iter().filter(|_| own.ends_with(b":"))).collect()
        }
    }
}

fn files(directory: &PathBuf) -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| to_text(&entry.file_name().into_vec())).filter(|name| !name.starts_with('.'))
}

fn names(directories: Vec<PathBuf>) -> BTreeSet<String> {
    let all = directories.iter().flat_map(files);
    let units = all.filter(|name| name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending)));
    units.map(|name| name.split_once("@.").map_or(name.clone(), |(template, _)| format!("{template}@"))).collect()
}
