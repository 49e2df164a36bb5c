//! The example scripts print what their `.out` files say; the documents name what exists.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files under a folder whose names end in `.extension`.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Servers, which run until they are ended: tests/sockets.rs talks to them.
const SERVERS: &[&str] = &["signals/httpd.sh", "sockets/hello-browser.sh", "sockets/hello-browser-calls.sh"];

/// Every other `examples/**/*.sh` is run in its own folder and prints what the `.out` file beside it holds.
#[test]
fn scripts_print_what_they_should() {
    let scripts = files(&root().join("examples"), "sh");
    assert!(!scripts.is_empty(), "there are examples");
    for path in scripts.into_iter().filter(|path| !SERVERS.iter().any(|server| path.ends_with(server))) {
        let expected = fs::read(path.with_extension("out")).expect("every script has its output beside it");
        let output = Command::new(env!("CARGO_BIN_EXE_ipcsh"))
            .arg(&path)
            .current_dir(path.parent().expect("a file is in a folder"))
            .stdin(Stdio::null())
            .output()
            .expect("the shell can be started");
        let (printed, expected) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&expected));
        assert_eq!(printed, expected, "{}: {output:?}", path.display());
        assert!(output.status.success(), "{}: {output:?}", path.display());
        assert!(output.stderr.is_empty(), "{}: {output:?}", path.display());
    }
}

/// Every `examples/*.rs` with a `.out` file beside it prints what that holds. Cargo builds examples only when it builds everything.
#[test]
fn programs_print_what_they_should() {
    let built = Path::new(env!("CARGO_BIN_EXE_ipcsh")).with_file_name("examples");
    for source in files(&root().join("examples"), "rs") {
        let Ok(expected) = fs::read_to_string(source.with_extension("out")) else { continue };
        let program = built.join(source.file_stem().expect("a file has a name"));
        if !program.exists() {
            println!("skipped: needs cargo build --examples ({})", program.display());
            continue;
        }
        let output = Command::new(&program).stdin(Stdio::null()).output().expect("the program can be started");
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}: {output:?}", program.display());
        assert!(output.status.success(), "{}: {output:?}", program.display());
    }
}

/// The README's table of builtins has a row for each builtin, and no others.
#[test]
fn the_readme_names_every_builtin() {
    let readme = fs::read_to_string(root().join("README.md")).expect("there is a README");
    let mut named: Vec<&str> = readme
        .lines()
        .skip_while(|line| *line != "## Builtins")
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| ") || line.starts_with("|`"))
        .filter_map(|line| line.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    named.sort_unstable();
    let builtins: Vec<&str> = ipcsh::builtins::TABLE.iter().map(|builtin| builtin.name).collect();
    assert_eq!(named, builtins);
}

/// Every file that a document links to exists.
#[test]
fn the_documents_link_to_files_that_exist() {
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = fs::read_to_string(root().join(name)).expect("the document exists");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let path = link.split('#').next().unwrap_or(link);
            assert!(root().join(path).exists(), "{name} links to {link}, which does not exist");
        }
    }
}
