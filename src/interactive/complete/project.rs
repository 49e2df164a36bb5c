//! Names that the directory's project has: branches and tags of git, targets of make.
//!
//! The files are read, and no program is started: a Tab must not wait for one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The subcommands of git whose operands are branches and other names of commits.
pub const GIT_VERBS: &[&str] = &[
    "branch",
    "checkout",
    "cherry-pick",
    "diff",
    "log",
    "merge",
    "rebase",
    "reset",
    "revert",
    "show",
    "switch",
    "tag",
];

/// The branches, remote branches and tags of the repository around the working directory (gitrepository-layout(5)).
pub fn git_names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let Some(repository) = repository() else { return names };
    for kind in ["heads", "remotes", "tags"] {
        references(&repository.join("refs").join(kind), "", &mut names);
    }
    let packed = fs::read_to_string(repository.join("packed-refs")).unwrap_or_default();
    let packed = packed.lines().filter_map(|line| line.split_once(" refs/")?.1.split_once('/'));
    names.extend(packed.map(|(_, name)| name.to_owned()));
    names.retain(|name| !name.ends_with("/HEAD"));
    names
}

/// Where the repository keeps what all its working trees have in common.
fn repository() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let git = here.ancestors().map(|directory| directory.join(".git")).find(|git| git.exists())?;
    if git.is_dir() {
        return Some(git);
    }
    // A further working tree, or a submodule, says where.
    let text = fs::read_to_string(&git).ok()?;
    let own = git.parent()?.join(text.strip_prefix("gitdir:")?.trim());
    match fs::read_to_string(own.join("commondir")) {
        Ok(common) => Some(own.join(common.trim())),
        Err(_) => Some(own),
    }
}

/// The names below a directory of references; a name can have slashes.
fn references(directory: &Path, before: &str, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = format!("{before}{}", entry.file_name().to_string_lossy());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            references(&entry.path(), &format!("{name}/"), names);
        } else {
            names.insert(name);
        }
    }
}

/// The targets of the makefile in the working directory that its rules name (make, TARGET RULES), without those that begin with a period.
pub fn make_targets() -> BTreeSet<String> {
    let files = ["GNUmakefile", "makefile", "Makefile"];
    let text = files.iter().find_map(|file| fs::read(file).ok()).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let rules = text.lines().filter_map(|line| line.split_once(':')).filter(|(targets, behind)| {
        // (`name := value`, `name ::= value`)
        !targets.starts_with(['\t', '#', '.']) && !behind.trim_start_matches(':').starts_with('=')
    });
    let is_plain = |target: &&str| !target.contains(['%', '$', '=', '"', '(']);
    rules.flat_map(|(targets, _)| targets.split_whitespace().filter(is_plain).map(str::to_owned)).collect()
}
