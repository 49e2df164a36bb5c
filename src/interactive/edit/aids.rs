//! Keys that look something up for the line that is being edited, or do to it what people do to lines: its manual page, what a command
//! is, what is in a directory; `sudo` in front of it; put aside until the next prompt; the entry behind the one that is executed.

use super::input::Session;
use super::line::Motion;
use super::{Editor, Step, Stop};
use crate::builtins::TABLE;
use crate::exec;
use crate::interactive::complete::{self, manual, scan};
use crate::interactive::text::{to_bytes, to_text, visible};
use crate::quote::quote;
use crate::shell::Shell;
use crate::status::Flow;
use crate::syntax::Parser;
use bstr::ByteSlice;

/// Programs that execute the command behind them.
const BEFORE_COMMANDS: &[&str] = &["sudo", "doas", "command", "exec", "env", "nohup", "nice", "time"];

impl Editor {
    /// The words of the command that the cursor is in, up to the cursor's own word, without `sudo` and the like.
    fn command_here(&self) -> Vec<String> {
        let text = self.line.text();
        let (start, end) = complete::word_around(text, self.line.cursor());
        let mut words = scan::scan(&text[..start]).words;
        words.extend(Some(scan::unquote(&text[start..end])).filter(|word| !word.is_empty()));
        let own = words.iter().position(|word| !BEFORE_COMMANDS.contains(&&word[..]));
        words.split_off(own.unwrap_or(words.len().saturating_sub(1)))
    }

    /// Execute a command of ours, below the line, which is shown again below what it prints. `$?` stays.
    fn run_below(&mut self, shell: &mut Shell, session: &mut Session, command: &str) -> Result<(), Stop> {
        let leave = to_text(self.screen.leave());
        self.write(&leave);
        let status = shell.status;
        let parser = Parser::of_text(to_bytes(command), 1);
        let outcome = session.outside(|| exec::run(shell, parser, false));
        shell.status = status;
        self.known.forget();
        self.dirty = true;
        match outcome {
            Ok(_) | Err(Flow::Interrupt(_)) => Ok(()),
            Err(flow) => Err(Stop::Flow(flow)),
        }
    }

    /// The manual page of the command, or a builtin's help.
    pub fn show_manual(&mut self, shell: &mut Shell, session: &mut Session) -> Result<bool, Stop> {
        let words = self.command_here();
        let Some(name) = words.first() else { return Ok(false) };
        let quoted = |name: &str| to_text(&quote(&to_bytes(name)));
        if TABLE.iter().any(|builtin| builtin.name == name) {
            self.run_below(shell, session, &format!("\\help {}\n", quoted(name)))?;
            return Ok(true);
        }
        let Some((page, _)) = page_of(shell, &words) else { return Ok(false) };
        self.run_below(shell, session, &format!("command man {}\n", quoted(&page)))?;
        Ok(true)
    }

    /// Say what the command is, above the line.
    pub fn say_what_it_is(&mut self, shell: &mut Shell) -> bool {
        let words = self.command_here();
        let Some(name) = words.first() else { return false };
        let bytes = to_bytes(name);
        let builtin = TABLE.iter().find(|builtin| builtin.name == name);
        let mut what = name.clone();
        let about = if let Some(value) = shell.aliases.get(bytes.as_bstr()) {
            format!("an alias for {}", to_text(value))
        } else if shell.commands.function(&bytes).is_some() {
            "a function".to_owned()
        } else if let Some(builtin) = builtin {
            builtin.about.lines().next().unwrap_or_default().to_owned()
        } else if let Some((page, title)) = page_of(shell, &words) {
            what = page;
            title
        } else {
            return false;
        };
        let text = visible(&to_bytes(&format!("{what}: {about}")));
        self.print_above(&format!("{}\r\n", text.replace('\n', " ")));
        true
    }

    /// What is in the directory that the word at the cursor names, or in which its file is.
    pub fn list_directory(&mut self, shell: &mut Shell, session: &mut Session) -> Result<(), Stop> {
        let text = self.line.text();
        let (start, end) = complete::word_around(text, self.line.cursor());
        let directory = complete::directory_of(shell, &text[start..end]);
        let directory = to_text(&quote(directory.as_os_str().as_encoded_bytes()));
        self.run_below(shell, session, &format!("ls -- {directory}\n"))
    }

    /// `sudo` in front of the line, or away from there; with nothing typed, in front of the command before.
    pub fn toggle_sudo(&mut self, shell: &Shell) -> bool {
        const SUDO: &str = "sudo ";
        if self.line.text().trim().is_empty() {
            let Some(last) = shell.history.last() else { return false };
            let text = to_text(&last.text);
            self.line.replace_all(&text, text.len());
        }
        let (text, cursor) = (self.line.text(), self.line.cursor());
        let start = text.len() - text.trim_start().len();
        match text[start..].starts_with(SUDO) {
            true => {
                self.line.replace(start..start + SUDO.len(), "");
                self.line.move_to(if cursor < start { cursor } else { cursor.saturating_sub(SUDO.len()).max(start) });
            }
            false => {
                self.line.replace(start..start, SUDO);
                self.line.move_to(if cursor < start { cursor } else { cursor + SUDO.len() });
            }
        }
        true
    }

    /// Put the line aside: the next prompt begins with it. Of several the last one comes first.
    pub fn put_aside(&mut self) -> bool {
        let is_empty = self.line.text().is_empty();
        if !is_empty {
            self.aside.push(self.line.text().to_owned());
            self.line.replace_all("", 0);
        }
        !is_empty
    }

    /// Enter the line, and begin the next one with the entry behind the one that it was.
    pub fn enter_and_go_on(&mut self, shell: &mut Shell) -> Result<Step, Stop> {
        let number = self.recall.at.and_then(|at| shell.history.get(at + 1)).map(|entry| entry.number);
        let step = self.enter(shell)?;
        if step == Step::Enter {
            self.go_on_with = number;
        }
        Ok(step)
    }

    /// What the history expansions in the line mean, to be looked at before it is entered.
    pub fn expand_in_place(&mut self, shell: &Shell) -> bool {
        let before = self.line.text().to_owned();
        // (A line that is only to be shown is shown.)
        let failed = matches!(self.expand_history(shell), Err(Stop::NotExecuted(_, Some(_))));
        !failed && self.line.text() != before
    }

    /// The line as a comment, which is remembered and does nothing; a comment becomes a command again.
    pub fn comment_out(&mut self) {
        let text = self.line.text();
        let text = match text.strip_prefix('#') {
            Some(rest) => rest.to_owned(),
            None => format!("#{}", text.replace('\n', "\n#")),
        };
        self.line.replace_all(&text, text.len());
        self.line.go(Motion::End, 1);
    }
}

/// The manual page of a command and its title: `git commit` has a page of its own, and an alias that of its program.
fn page_of(shell: &mut Shell, words: &[String]) -> Option<(String, String)> {
    let name = complete::program(shell, words.first()?)?;
    let with_verb = words.get(1).map(|verb| format!("{name}-{verb}"));
    with_verb.into_iter().chain([name]).find_map(|page| manual::title(shell, &page).map(|title| (page, title)))
}
