//! The README's first minute at the prompt is what happens: every line of it is typed, and every line of it is seen.

use crate::terminal::*;

const README: &str = include_str!("../../README.md");

/// The transcript, for this user on this computer.
fn transcript(user_and_host: &str, mark: &str) -> Vec<String> {
    let section = README.split("## The first minute at the prompt").nth(1).expect("the section");
    let block = section.split("```").nth(1).expect("the transcript");
    let here = |line: &str| line.replace("ana@lab ~ $", &format!("{user_and_host} ~ {mark}"));
    block.trim().lines().map(here).collect()
}

#[test]
fn the_first_minute_of_the_readme() {
    if !is_ipcsh() || !have("git") {
        return;
    }
    let mut t = Terminal::with().env_remove("PS1").size(60, 120).start();
    t.until("the first prompt", |t| t.cursor_line().contains(" ~ "));
    let first = t.cursor_line();
    let (user_and_host, mark) = first.split_once(" ~ ").expect("user, host, directory");
    let end_of_prompt = format!("{user_and_host} ~ {mark} ");
    let command = |line: &str| {
        let text = line.find(&end_of_prompt).map(|at| at + end_of_prompt.len()).or_else(|| {
            let further = ["dquote> ", "for do> "].into_iter().find(|prompt| line.starts_with(prompt));
            further.map(str::len)
        });
        text.map(|at| (line[..at].to_owned(), line[at..].to_owned()))
    };
    let lines = transcript(user_and_host, mark);
    // What Tab has made of the line of the cursor.
    let mut typed = String::new();
    for (number, line) in lines.iter().enumerate() {
        match command(line) {
            Some((prompt, text)) => {
                t.see_at_cursor(&format!("{prompt}{typed}"));
                let (text, key) = match (text.strip_suffix("<Tab>"), text.strip_suffix("^C")) {
                    (Some(text), _) => (text, "\t"),
                    (_, Some(text)) => (text, CTRL_C),
                    _ => (&text[..], "\r"),
                };
                t.key(&format!("{}{key}", text.strip_prefix(&typed[..]).expect("it goes on")));
                let next = lines[number + 1..].iter().find_map(|line| command(line)).unwrap_or_default().1;
                typed = if key == "\t" { next.trim_end_matches("^C").to_owned() } else { String::new() };
            }
            None if line == "^C" => {
                t.in_job();
                t.key(CTRL_C);
                t.see("\n^C\n");
            }
            // (The process has another number.)
            None if line.starts_with("[1] ") => t.see("\n[1] "),
            None => t.see(line),
        }
    }
    t.line("exit 0");
    assert_eq!(t.wait(), 0);
}
