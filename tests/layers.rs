//! The shape of the source: which module may use which, where `unsafe` may stand, how long a file may be.
//!
//! The rules are data at the top of this file. A change that needs another arrow changes [`ARROWS`], and whoever
//! reviews the change sees it there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Modules that everything may use and that use nothing of ours but one another.
const LEAVES: &[&str] = &["status", "fields", "find", "number", "quote"];

/// The one-way arrows: a module, and what it may use besides itself and the leaves.
const ARROWS: &[(&str, &[&str])] = &[
    ("main", &["interactive", "exec", "builtins", "shell", "syntax", "sys"]),
    ("interactive", &["exec", "builtins", "jobs", "ipc", "expand", "shell", "syntax", "sys"]),
    ("exec", &["builtins", "jobs", "ipc", "expand", "shell", "syntax", "sys"]),
    ("builtins", &["shell", "jobs", "ipc", "expand", "syntax", "sys"]),
    ("shell", &["syntax", "jobs", "ipc", "sys"]),
    // Pathname expansion reads directories.
    ("expand", &["syntax", "sys"]),
    ("jobs", &["sys"]),
    ("ipc", &["sys"]),
    ("syntax", &[]),
    ("sys", &[]),
    ("status", &[]),
    ("fields", &[]),
    ("find", &[]),
    ("number", &[]),
    ("quote", &[]),
];

/// The single permitted cycle, exec <-> builtins: the builtins that execute commands, each with the reason.
const RUNS_CODE: &[(&str, &str)] = &[
    ("builtins/mod.rs", "the table"),
    ("builtins/cd.rs", "tells a subshell inside the process before the directory changes"),
    ("builtins/jobs.rs", "waits for a job in the foreground"),
    ("builtins/kill/mod.rs", "executes the traps of signals that it sent to the shell itself"),
    ("builtins/lookup.rs", "searches PATH as the executor does"),
    ("builtins/command.rs", "executes its operands without functions"),
    ("builtins/dot.rs", "executes a file"),
    ("builtins/eval.rs", "executes its operands as a line"),
    ("builtins/exec.rs", "replaces the shell by a program"),
    ("builtins/flow.rs", "asks about stopped jobs before the shell ends"),
    ("builtins/fc.rs", "executes edited commands"),
    ("builtins/mq/notice.rs", "starts a command when a message comes"),
    ("builtins/nc/mod.rs", "is a job of its own under job control"),
    ("builtins/nc/exec.rs", "a command serves a connection"),
    ("builtins/rpc/serve.rs", "functions are procedures"),
    ("builtins/rpc/stubs.rs", "defines functions"),
    ("builtins/rpc/json.rs", "functions are methods"),
    ("builtins/trap.rs", "actions are checked where they are executed"),
    ("builtins/wait.rs", "is interrupted by traps"),
];

/// Lines of code that a file may have without its tests; a file that wants to be longer wants to be two.
const MOST_LINES: usize = 400;

/// Files that have a smaller ceiling, because they are read as a whole.
const SMALL: &[(&str, usize)] = &[("main.rs", 60), ("exec/pipeline.rs", 150)];

#[test]
fn modules_use_only_what_they_may() {
    let mut wrong = Vec::new();
    for file in sources() {
        let code = without_tests(&plain_code(&file.text));
        for used in uses(&file.path, &code) {
            if let Err(why) = may_use(&file.path, &used) {
                wrong.push(format!("src/{} uses {used}: {why}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows in the wrong direction:\n{}", wrong.join("\n"));
}

#[test]
fn unsafe_is_only_in_sys() {
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| module_of(&file.path) != "sys") {
        for (index, line) in plain_code(&file.text).lines().enumerate() {
            if tokens(line).any(|word| word == "unsafe") {
                wrong.push(format!("src/{}:{}: unsafe", file.path, index + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "unsafe code belongs in src/sys:\n{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent: Vec<_> = sources().into_iter().filter(|file| !opens_with_a_comment(&file.text)).collect();
    let silent: Vec<_> = silent.iter().map(|file| format!("src/{}", file.path)).collect();
    assert!(silent.is_empty(), "files that do not open with `//!`:\n{}", silent.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let mut wrong = Vec::new();
    for file in sources() {
        let most = SMALL.iter().find(|(path, _)| *path == file.path).map_or(MOST_LINES, |(_, most)| *most);
        let lines = code_lines(&file.text);
        if lines > most {
            wrong.push(format!("src/{}: {lines} lines of code, at most {most}", file.path));
        } else if lines * 10 > most * 9 {
            println!("src/{}: {lines} lines of code, nearly {most}", file.path);
        }
    }
    assert!(wrong.is_empty(), "files that want to be two:\n{}", wrong.join("\n"));
}

/// The rules can fail: each of them is shown something wrong.
#[test]
fn the_rules_can_fail() {
    let used = |path: &str, code: &str| -> Vec<String> {
        uses(path, &without_tests(&plain_code(code))).into_iter().filter(|used| may_use(path, used).is_err()).collect()
    };
    assert_eq!(used("sys/fd.rs", "use crate::shell::Shell;"), ["shell"]);
    assert_eq!(used("syntax/mod.rs", "use crate::{fields::Fields, exec::{run, x}};"), ["exec"]);
    assert_eq!(used("syntax/word.rs", "fn f() { super::super::sys::fd::close(1) }"), ["sys"]);
    assert_eq!(used("jobs/table.rs", "fn f() -> crate::builtins::Kind"), ["builtins"]);
    assert_eq!(used("builtins/echo.rs", "use crate::exec::run;"), ["exec"]);
    assert_eq!(used("builtins/eval.rs", "use crate::exec::run;"), [""; 0]);
    assert_eq!(used("shell/vars.rs", "// crate::exec\nlet a = \"crate::exec\"; /* crate::exec */"), [""; 0]);
    assert_eq!(used("sys/fd.rs", "#[cfg(test)]\nmod tests {\n use crate::shell; }"), [""; 0]);
    assert_eq!(used("unheard/of.rs", "use crate::shell::Shell;"), ["shell"]);
    assert!(tokens(&plain_code("a(unsafe { b })")).any(|word| word == "unsafe"));
    assert!(!tokens(&plain_code("\"unsafe\" // unsafe\n 'u' unsafe_op")).any(|word| word == "unsafe"));
    assert!(!opens_with_a_comment("use std::fs;\n//! late"));
    assert_eq!(code_lines("//! a\n\nfn a() {\n    // b\n}\n#[cfg(test)]\nmod tests {\n}\n"), 2);
}

/// A source file, with its path under src/.
struct Source {
    path: String,
    text: String,
}

/// All files under src/ but those that hold only tests.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be read") {
            let path: PathBuf = entry.expect("src can be read").path();
            if path.ends_with("tests") {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).expect("a source file is UTF-8");
                let path = path.strip_prefix(&root).expect("it is in src").to_string_lossy().into_owned();
                files.push(Source { path, text });
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(files.len() > 10, "src was not found");
    files
}

/// The top module that a file belongs to.
fn module_of(path: &str) -> &str {
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

/// Whether the file at `path` may use the module `used`.
fn may_use(path: &str, used: &str) -> Result<(), String> {
    let module = module_of(path);
    if module == used || module == "lib" || LEAVES.contains(&used) {
        return Ok(());
    }
    if module == "builtins" && used == "exec" {
        return match RUNS_CODE.iter().any(|(file, _)| *file == path) {
            true => Ok(()),
            false => Err("it is not among the builtins that execute commands".to_string()),
        };
    }
    match ARROWS.iter().find(|(from, _)| *from == module) {
        None => Err(format!("`{module}` has no row in the table of arrows")),
        Some((_, to)) if to.contains(&used) => Ok(()),
        Some((_, to)) => Err(format!("`{module}` may use {to:?}")),
    }
}

/// The modules of ours that `code`, the file at `path`, names: behind `crate::`, `ipcsh::`, or a `super::` that leads to the root.
fn uses(path: &str, code: &str) -> BTreeSet<String> {
    let tokens: Vec<&str> = tokens(code).collect();
    let depth = path.matches('/').count() + usize::from(!path.ends_with("mod.rs"));
    let mut found = BTreeSet::new();
    let mut at = 0;
    while at < tokens.len() {
        let mut behind = at + 1;
        let to_root = match tokens[at] {
            "crate" => true,
            "ipcsh" => module_of(path) == "main",
            "super" => {
                let mut supers = 1;
                while tokens.get(behind) == Some(&"::") && tokens.get(behind + 1) == Some(&"super") {
                    supers += 1;
                    behind += 2;
                }
                supers == depth
            }
            _ => false,
        };
        if to_root && tokens.get(behind) == Some(&"::") {
            names_behind(&tokens[behind + 1..], &mut found);
        }
        at = behind;
    }
    found
}

/// The first names of a path or of a group of paths: `a::b` gives a, `{a::{b, c}, d}` gives a and d.
fn names_behind(tokens: &[&str], found: &mut BTreeSet<String>) {
    if tokens.first() != Some(&"{") {
        found.extend(tokens.first().map(|name| name.to_string()));
        return;
    }
    let mut braces = 0;
    let mut first = false;
    for &token in tokens {
        match token {
            "{" => {
                braces += 1;
                first = braces == 1;
            }
            "}" if braces == 1 => return,
            "}" => braces -= 1,
            "," => first = braces == 1,
            name if first => {
                found.insert(name.to_string());
                first = false;
            }
            _ => {}
        }
    }
}

/// Names, `::`, and single other characters.
fn tokens(code: &str) -> impl Iterator<Item = &str> {
    let mut rest = code;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let length = if is_name(first) {
            rest.find(|c| !is_name(c)).unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, behind) = rest.split_at(length);
        rest = behind;
        Some(token)
    })
}

/// The text with comments and the contents of literals made blank; lines stay lines.
fn plain_code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, keep) = match first {
            '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), false),
            '/' if rest.starts_with("/*") => (rest.find("*/").map_or(rest.len(), |end| end + 2), false),
            '"' => (string_length(rest), false),
            'r' if raw_string_length(rest).is_some() && !code.ends_with(|c: char| c.is_alphanumeric() || c == '_') => {
                (raw_string_length(rest).unwrap_or(1), false)
            }
            '\'' => match character_length(rest) {
                Some(length) => (length, false),
                None => (1, true), // a lifetime
            },
            _ => (first.len_utf8(), true),
        };
        let (token, behind) = rest.split_at(length);
        if keep {
            code.push_str(token);
        } else {
            code.extend(token.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        rest = behind;
    }
    code
}

/// The length of the string literal that begins `text`.
fn string_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(bytes.len())
}

/// The length of `r"..."` or `r#"..."#`, if that begins `text`.
fn raw_string_length(text: &str) -> Option<usize> {
    let hashes = text[1..].find(|c| c != '#')?;
    let body = text[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(body.find(&end).map_or(text.len(), |at| 1 + hashes + 1 + at + end.len()))
}

/// The length of the character literal that begins `text`; `None` for a lifetime.
fn character_length(text: &str) -> Option<usize> {
    if text[1..].starts_with('\\') {
        return text[3..].find('\'').map(|at| at + 4);
    }
    let inner = text[1..].chars().next()?.len_utf8();
    text[1 + inner..].starts_with('\'').then_some(inner + 2)
}

/// The code before the module of tests, which stands last in a file.
fn without_tests(code: &str) -> String {
    let mut rest = code;
    let mut kept = String::new();
    while let Some(at) = rest.find("#[cfg(test)]") {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        // `mod tests;` is one line; `mod tests {` and everything else reaches to the closing brace in the first column.
        let end = rest.find(['{', ';']).map_or(rest.len(), |open| match rest.as_bytes()[open] {
            b';' => open + 1,
            _ => rest.find("\n}").map_or(rest.len(), |close| close + 2),
        });
        rest = &rest[end..];
    }
    kept.push_str(rest);
    kept
}

/// Lines that are neither blank nor comment nor test.
fn code_lines(text: &str) -> usize {
    without_tests(&plain_code(text)).lines().filter(|line| !line.trim().is_empty()).count()
}

fn opens_with_a_comment(text: &str) -> bool {
    text.starts_with("//!")
}
