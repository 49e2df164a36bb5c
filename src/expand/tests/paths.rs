//! Pathname expansion, in a directory of its own.

use super::*;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A directory that goes away.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str, files: &[&str]) -> Self {
        let path = std::env::temp_dir().join(format!("ipcsh-expand-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        for file in files {
            let file = path.join(file);
            match file.to_str().and_then(|file| file.strip_suffix('/')) {
                Some(directory) => fs::create_dir_all(directory).expect("a directory"),
                None => {
                    fs::create_dir_all(file.parent().expect("a parent")).expect("a directory");
                    fs::write(file, "").expect("a file");
                }
            }
        }
        Self(path)
    }

    /// The fields of `$D/word` for each word, with `$D` for the directory.
    fn check(&self, shell: &mut Shell, table: &[(&str, &str)]) {
        let path = self.0.to_str().expect("a path");
        shell.set("D", path);
        for (words, expected) in table {
            assert_eq!(shell.fields(words).replace(path, "D"), *expected, "{words}");
        }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn names() {
    let directory = Directory::new(
        "names",
        &["a.c", "b.c", "B.c", ".hidden", "d/x", "d/y", "e/x", "e/.z", "a*b", "[x]", "q\\r", "é"],
    );
    let mut shell = Shell::new();
    shell.set("star", "*");
    shell.set("list", "*.c no*such d/*");
    shell.set("quoted", "a\\*");
    shell.set("escape", "a\\*b*");
    let table = [
        ("$D/*.c", "[D/B.c][D/a.c][D/b.c]"),
        ("\"$D\"/*.c", "[D/B.c][D/a.c][D/b.c]"),
        ("$D/\"*\".c", "[D/*.c]"),
        ("$D/\\*.c", "[D/*.c]"),
        ("\"$D/*.c\"", "[D/*.c]"),
        ("$D/a'*'*", "[D/a*b]"),
        ("$D/$star.c", "[D/B.c][D/a.c][D/b.c]"),
        ("$D/\"$star\".c", "[D/*.c]"),
        ("$D/*/x", "[D/d/x][D/e/x]"),
        ("$D/*/", "[D/d/][D/e/]"),
        ("$D/*//x", "[D/d//x][D/e//x]"),
        ("$D//d/*", "[D//d/x][D//d/y]"),
        ("$D/*/*", "[D/d/x][D/d/y][D/e/x]"),
        ("$D/*/.*", "[D/e/.z]"),
        ("$D/.*", "[D/.hidden]"),
        ("$D/?hidden $D/[.]hidden $D/[!a]hidden", "[D/?hidden][D/[.]hidden][D/[!a]hidden]"),
        ("$D/.[!.]*", "[D/.hidden]"),
        ("$D/'.'h*", "[D/.hidden]"),
        ("$D/no*", "[D/no*]"),
        ("$D/no*'x y'", "[D/no*x y]"),
        ("$D/*/no", "[D/*/no]"),
        ("$D/[ab].c", "[D/a.c][D/b.c]"),
        ("$D/[!a-z].c", "[D/B.c]"),
        ("$D/[\"a\"].c", "[D/a.c]"),
        ("$D/[x]", "[D/[x]]"),
        ("$D/\\[*", "[D/[x]]"),
        ("$D/[x", "[D/[x]"),
        ("$D/d[/]x", "[D/d[/]x]"),
        ("$D/?[/x] $D/[d/x]", "[D/?[/x]][D/[d/x]]"),
        ("$D/$quoted", "[D/a\\*]"),
        ("$D/$escape", "[D/a*b]"),
        ("$D/q\\\\*", "[D/q\\r]"),
        ("$D/? ", "[D/d][D/e][D/é]"),
        ("${unset-$D/*.c}", "[D/B.c][D/a.c][D/b.c]"),
        ("${unset-\"$D\"/'*'.c}", "[D/*.c]"),
        ("$D/*.c$x", "[D/*.ca][b]"),
        ("$D/*${e}.c$e", "[D/B.c][D/a.c][D/b.c]"),
        ("$D/d/*$(p q)", "[D/d/*p][q]"),
    ];
    directory.check(&mut shell, &table);
    shell.no_glob = true;
    directory.check(&mut shell, &[("$D/* $list", "[D/*][*.c][no*such][d/*]")]);
}

#[test]
fn several_patterns_in_one_word() {
    let directory = Directory::new("several", &["a1", "a2", "b1"]);
    let mut shell = Shell::new();
    let path = directory.0.to_str().expect("a path").to_owned();
    shell.set("list", format!("{path}/a* x {path}/n* {path}/b?"));
    directory.check(&mut shell, &[("y$list", &format!("[y{path}/a*][x][D/n*][D/b1]").replace(&path, "D"))]);
    directory
        .check(&mut shell, &[("$list", "[D/a1][D/a2][x][D/n*][D/b1]"), ("$list'*'", "[D/a1][D/a2][x][D/n*][D/b?*]")]);
}

#[test]
fn assignments_are_not_expanded() {
    let directory = Directory::new("assign", &["a"]);
    let mut shell = Shell::new();
    shell.set("D", directory.0.to_str().expect("a path"));
    assert!(shell.field("$D/*").ends_with("/*"));
}

#[test]
fn links_and_bytes() {
    let directory = Directory::new("links", &["d/x", "f"]);
    let at = |name: &str| directory.0.join(name);
    symlink("loop", at("loop")).expect("a link");
    symlink("nowhere", at("dangling")).expect("a link");
    symlink("d", at("l")).expect("a link");
    symlink("..", at("d/up")).expect("a link");
    fs::write(at("d").join(Path::new(OsStr::from_bytes(b"\xff"))), "").expect("a file");
    let mut shell = Shell::new();
    let table = [
        ("$D/*", "[D/d][D/dangling][D/f][D/l][D/loop]"),
        ("$D/*/", "[D/d/][D/l/]"),
        ("$D/l*/x", "[D/l/x]"),
        ("$D/*loop $D/*oop/x", "[D/loop][D/*oop/x]"),
        ("$D/d/?p/d/?p/f", "[D/d/up/d/up/f]"),
        ("$D/d/up/dangl*", "[D/d/up/dangling]"),
        ("$D/d/? $D/d/[!x]", "[D/d/x][D/d/\u{fffd}][D/d/\u{fffd}]"),
    ];
    directory.check(&mut shell, &table);
}

#[test]
fn deep_and_large() {
    let directory = Directory::new("large", &["many/"]);
    let mut deep = directory.0.clone();
    for _ in 0..200 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).expect("directories");
    for n in 0..2000 {
        fs::write(directory.0.join(format!("many/{n:05}")), "").expect("a file");
    }
    let mut shell = Shell::new();
    shell.set("D", directory.0.to_str().expect("a path"));
    let mut out = Fields::new();
    fields(&mut shell, &words::parse(&format!("$D{} $D/many/*", "/?".repeat(200))), &mut out).expect("fields");
    assert_eq!(out.len(), 2001);
    assert!(out.iter_from(1).zip(out.iter_from(2)).all(|(one, two)| one < two));
}
