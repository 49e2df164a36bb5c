//! Searching the history: the line shows what is found, the rows below it what else there is.

use crate::terminal::*;

const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const RIGHT: &str = "\x1b[C";
const CTRL_G: &str = "\x07";
const CTRL_R: &str = "\x12";
const CTRL_S: &str = "\x13";
const ESC: &str = "\x1b";

/// A shell that remembers these commands; they are in its history and not on its screen.
fn remembering(rows: u16, columns: u16, commands: &[&str]) -> Terminal {
    let history: String = commands.iter().map(|command| format!("{command}\n")).collect();
    let path = ".local/state/ipcsh/history";
    let history = format!("#ipcsh history 1\n{history}");
    Terminal::with().size(rows, columns).file(path, history).env("PS1", "$ ").start()
}

#[test]
fn matches_are_shown_below_the_line() {
    if !is_ipcsh() {
        return;
    }
    let mut t = remembering(24, 80, &["echo one", "ls", "echo two", "echo three", "echo one two"]);
    t.see_at_cursor("$");
    t.key(&format!("mine{CTRL_R}"));
    t.until("all of them", |t| {
        t.text() == "(reverse-i-search)`': mine\n  echo one\n  ls\n  echo two\n  echo three\n  echo one two"
    });
    t.key("echo");
    let shown = |direction: &str, wanted: &str, line: &str, rows: &[&str]| {
        format!("({direction}-i-search)`{wanted}': {line}\n{}", rows.join("\n"))
    };
    let all = ["  echo one", "  echo two", "  echo three", "  echo one two"];
    let marked = |chosen: usize| {
        let mut rows = all.map(str::to_owned);
        rows[chosen].replace_range(..1, ">");
        rows
    };
    // ^R and Up go up to the older ones, ^S and Down down to the newer ones.
    for (key, direction, chosen) in [
        ("", "reverse", 3),
        (CTRL_R, "reverse", 2),
        (UP, "reverse", 1),
        (UP, "reverse", 0),
        (UP, "failed reverse", 0),
        (CTRL_S, "forward", 1),
        (DOWN, "forward", 2),
    ] {
        t.key(key);
        let rows = marked(chosen);
        let rows = rows.each_ref().map(String::as_str);
        let wanted = shown(direction, "echo", &rows[chosen][2..], &rows);
        t.until(&wanted, |t| t.text() == wanted);
    }
    // The one that is marked is shown inverted.
    assert!(t.screen().cell(3, 3).is_some_and(|cell| cell.inverse()), "{}", t.picture());
    assert!(t.screen().cell(2, 3).is_some_and(|cell| !cell.inverse()), "{}", t.picture());
    // What is typed narrows; the one match that is left is in the line.
    t.key(" tw");
    t.until("one", |t| t.text() == "(reverse-i-search)`echo tw': echo two");
    t.key("\x7f\x7f\x7fo");
    t.until("none", |t| t.text() == "(failed reverse-i-search)`echoo': echo one two");
    t.key("\x7f");
    t.see("(reverse-i-search)`echo': echo one two\n  echo one\n  echo two\n  echo three\n> echo one two");
    // Escape and ^G give back what was there.
    for key in [ESC, CTRL_G] {
        t.key(key);
        t.until("the old line", |t| t.text() == "$ mine");
        t.key(&format!("{CTRL_R}two{CTRL_R}"));
        t.see_at_cursor("(reverse-i-search)`two': echo two");
    }
    // A key that edits takes the match; Enter runs it.
    t.key(&format!("{RIGHT}{RIGHT}{RIGHT}X"));
    t.until("the line", |t| t.text() == "$ echo twoX");
    t.key("\r");
    t.see("\ntwoX\n$");
    t.key(&format!("{CTRL_R}three\r"));
    t.see("\nthree\n$");
    // With nothing typed, ^R finds what was searched for last.
    t.key(&format!("{CTRL_R}{CTRL_R}"));
    t.see_at_cursor("(reverse-i-search)`three': echo three");
    t.line("");
    t.line("exit 0");
    assert_eq!(t.wait(), 0);
}

#[test]
fn matches_have_as_many_rows_as_there_are() {
    if !is_ipcsh() {
        return;
    }
    let commands: Vec<String> = (0..20).map(|number| format!("echo {number}")).collect();
    let commands: Vec<&str> = commands.iter().map(String::as_str).collect();
    let mut t = remembering(24, 60, &commands);
    t.see_at_cursor("$");
    t.key(&format!("{CTRL_R}echo"));
    t.until("eight", |t| t.rows().iter().filter(|row| row.contains("  echo") || row.starts_with("> ")).count() == 8);
    t.see("\n  echo 18\n> echo 19");
    // A window that has become smaller shows fewer, and the page with the one that is chosen.
    t.resize(4, 60);
    t.until("three", |t| t.rows()[1..] == ["  echo 17", "  echo 18", "> echo 19"]);
    t.key(&UP.repeat(4));
    t.until("three others", |t| t.rows()[1..] == ["  echo 14", "> echo 15", "  echo 16"]);
    // On one row, and where nothing would fit into a row, there is the line alone.
    t.resize(1, 60);
    t.until("the line", |t| t.text() == "(reverse-i-search)`echo': echo 15");
    t.key(UP);
    t.until("another", |t| t.text() == "(reverse-i-search)`echo': echo 14");
    for columns in [9, 1, 0] {
        t.resize(10, columns);
        t.key(&format!("{UP}{DOWN}"));
    }
    t.resize(10, 60);
    t.see("(forward-i-search)`echo': echo 14\n");
    t.line("");
    t.see("\n14\n");
    t.line("exit 0");
    assert_eq!(t.wait(), 0);
    // In a window that has one column from the start.
    let mut t = Terminal::with().env("PS1", "$ ").size(10, 1).start();
    t.key("echo a > out\r");
    t.until("the file", |t| t.read("out") == "a\n");
    t.line("rm out");
    // (Between two prompts ^R would be the terminal's own.)
    t.until("no file, and the editor", |t| !t.home().join("out").exists() && !t.is_cooked());
    t.key(&format!("{CTRL_R}a >\r"));
    t.until("the file again", |t| t.read("out") == "a\n");
    t.line("exit 0");
    assert_eq!(t.wait(), 0);
}

#[test]
fn a_match_of_many_lines_or_wide_characters_has_one_row() {
    if !is_ipcsh() {
        return;
    }
    let mut t = Terminal::with().size(24, 40).env("NO_COLOR", "1").start();
    t.run("echo 日本日本日本日本日本日本日本日本日本日本");
    t.run("for i in a b\rdo\x16\techo $i \x16\x1b; done");
    t.run("clear");
    t.key(&format!("{CTRL_R}echo{CTRL_R}"));
    t.see(
        "(reverse-i-search)`echo': echo 日本日本\n日本日本日本日本日本日本日本日本\n\
         > echo 日本日本日本日本日本日本日本日本\n  for i in a b↵do echo $i ^[; done",
    );
    t.key(CTRL_G);
    t.until("nothing is left of it", |t| t.text() == "[4]$");
    t.exit();
}

#[test]
fn case_counts_where_there_is_a_capital() {
    if !is_ipcsh() {
        return;
    }
    let mut t = remembering(24, 80, &["echo READY", "echo Ready", "echo ready"]);
    t.see_at_cursor("$");
    t.key(&format!("{CTRL_R}ready{UP}"));
    t.see("(reverse-i-search)`ready': echo Ready\n  echo READY\n> echo Ready\n  echo ready");
    t.key("\x7f\x7f\x7f\x7f\x7fR");
    t.see("(reverse-i-search)`R': echo Ready\n  echo READY\n> echo Ready");
    t.key("E");
    t.until("one", |t| t.text() == "(reverse-i-search)`RE': echo READY");
    t.key(CTRL_G);
    t.until("nothing", |t| t.text() == "$");
    // Up behind the beginning of a command, too.
    t.key(&format!("echo re{UP}"));
    t.see_at_cursor("$ echo ready");
    t.key(UP);
    t.see_at_cursor("$ echo Ready");
    t.key(CTRL_C);
    t.see("^C\n$");
    t.key(&format!("echo R{UP}{UP}"));
    t.see_at_cursor("$ echo READY");
    t.line("");
    t.see("\nREADY\n$");
    t.line("exit 0");
    assert_eq!(t.wait(), 0);
}
