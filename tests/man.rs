//! The man page tells the truth: its builtins are those of the table, word for word, and every option has an entry.
//!
//! `UPDATE_MAN=1 cargo test --test man` writes the part about builtins anew.

use ipcsh::builtins::TABLE;
use ipcsh::shell::options;
use std::fmt::Write;
use std::path::Path;

const BEGIN: &str = ".\\\" BEGIN BUILTINS\n";
const END: &str = ".\\\" END BUILTINS\n";

fn page() -> String {
    std::fs::read_to_string(path()).expect("the man page can be read")
}

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("man/ipcsh.1")
}

/// A text for troff: nothing in it is a request or an escape.
fn plain(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

fn builtins() -> String {
    let mut out = String::new();
    for builtin in TABLE {
        for (index, line) in builtin.usage.lines().enumerate() {
            let request = if index == 0 { ".TP" } else { ".TQ" };
            writeln!(out, "{request}\n.B {}", plain(line)).expect("memory can be written");
        }
        for (index, line) in builtin.about.lines().enumerate() {
            if index > 0 {
                out.push_str(".br\n");
            }
            writeln!(out, "{}", plain(line.trim_start())).expect("memory can be written");
        }
    }
    out
}

#[test]
fn the_builtins_are_those_of_the_table() {
    let page = page();
    let start = page.find(BEGIN).expect("the mark of the beginning") + BEGIN.len();
    let end = page.find(END).expect("the mark of the end");
    let wanted = builtins();
    if std::env::var_os("UPDATE_MAN").is_some() {
        std::fs::write(path(), format!("{}{wanted}{}", &page[..start], &page[end..])).expect("the page can be written");
        return;
    }
    assert!(page[start..end] == wanted, "man/ipcsh.1 is out of date: run `UPDATE_MAN=1 cargo test --test man`");
}

#[test]
fn every_option_has_an_entry_and_every_entry_an_option() {
    let page = page();
    let mut entries = 0;
    for (letter, name, _) in options::TABLE {
        let Some(name) = name else { continue };
        let entry = match letter {
            Some(letter) => format!(".B \\-{}, \\-o {name}\n", char::from(*letter)),
            None => format!(".B \\-o {name}\n"),
        };
        assert!(page.contains(&entry), "no entry {entry:?}");
        entries += 1;
    }
    let written = page.lines().filter(|line| line.starts_with(".B \\-") && line.contains("\\-o ")).count();
    assert_eq!(written, entries, "entries for options that do not exist");
}
