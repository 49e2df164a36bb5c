//! The first minute at a terminal, and the harness itself.

use crate::terminal::*;

#[test]
fn a_command_and_its_output() {
    let mut t = Terminal::new();
    assert_eq!(t.run("echo hello"), "hello");
    assert_eq!(t.run("printf 'a\\nb\\n'"), "a\nb");
    assert_eq!(t.run("cd /; pwd"), "/");
    assert_eq!(t.run("echo $?"), "0");
    t.exit();
}

#[test]
fn a_line_that_is_longer_than_the_window() {
    let mut t = Terminal::with().size(10, 20).start();
    assert_eq!(t.run("echo a b c d e f g h i j k l m n o p"), "a b c d e f g h i j\nk l m n o p");
    t.exit();
}

#[test]
fn end_of_file_at_the_prompt_ends_the_shell() {
    let mut t = Terminal::new();
    t.run("false");
    t.key(CTRL_D);
    assert_eq!(t.wait(), 1);
}

#[test]
fn the_terminal_is_the_foreground_jobs_and_then_the_shells() {
    let mut t = Terminal::new();
    let shell = t.pid();
    assert_eq!(t.foreground(), Some(shell));
    t.line("sleep 1000");
    let job = t.in_job();
    assert_eq!(t.children().iter().map(|child| child.group).collect::<Vec<_>>(), [job]);
    t.until("the modes of a program", Terminal::is_cooked);
    t.key(CTRL_C);
    t.prompt();
    assert_eq!(t.foreground(), Some(shell));
    t.gone(job);
    assert_eq!(t.run("echo $?"), "130");
    t.exit();
}
