//! The line editor: keys to a command of one or more lines.
//!
//! rustyline gives the line itself ([`mod@line`]: characters, words, searches, case) and the names of keys. Its own loop cannot be
//! used, because a shell's editor has to do what it has no hook for: wake up for a job that has ended or a trap and draw the
//! line anew below, leave what is typed ahead to the command that will read it, take bytes that are not UTF-8, show a line that is
//! taller than the screen, and know vi's commands that ask for more keys (`/`, `v`, `@`, `=`). So the loop is here:
//! [`input`] waits for keys, [`emacs`] and [`vi`] say what they do, [`frame`] lays out, [`screen`] writes what differs.

mod aids;
pub mod emacs;
pub mod frame;
pub mod input;
pub mod keys;
pub mod line;
pub mod menu;
pub mod prompt;
pub mod recall;
pub mod screen;
pub mod search;
pub mod vi;

use crate::builtins;
use crate::interactive::suggest::Suggestion;
use crate::interactive::{events, highlight, syntax_state, text};
use crate::shell::{Opt, Shell};
use crate::status::{Error, Flow};
use crate::sys::fd;
use crate::sys::tty;
use frame::{Content, Span};
use input::{Input, Session};
use line::Line;
use prompt::Prompt;
use recall::Recall;
use screen::Screen;

/// Why no line was entered.
#[derive(Debug)]
pub enum Stop {
    /// ^D on an empty line.
    EndOfInput,
    /// The terminal is gone.
    Gone,
    /// ^C.
    Interrupt,
    /// A trap's action has changed the flow.
    Flow(Flow),
    /// A line that was entered is not to be executed: its history expansion has failed, or was only to be seen.
    NotExecuted(String, Option<Error>),
}

/// What a key has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The line is edited further.
    Continue,
    /// The line is entered.
    Enter,
}

/// Where the editor reads and writes: standard input, and like the prompts of POSIX standard error.
const INPUT: i32 = 0;
const OUTPUT: i32 = 2;

/// The editor of a terminal; it lives as long as the shell.
#[derive(Default)]
pub struct Editor {
    line: Line,
    screen: Screen,
    decoder: keys::Decoder,
    prompt: Prompt,
    continuation: prompt::Continuation,
    /// A prompt that is shown instead, during a search.
    other_prompt: Option<Prompt>,
    menu: menu::Menu,
    search: Option<search::Search>,
    recall: Recall,
    vi: vi::State,
    suggestion: Suggestion,
    /// What the colours of this line have asked the file system for.
    known: highlight::Known,
    /// The last substitution of a history expansion.
    substitution: Option<events::Substitution>,
    /// What the line begins with that has been expanded: each of a command's lines is expanded when it is entered, and once.
    expanded: String,
    /// What is to be written before the prompt is.
    before: String,
    columns: usize,
    rows: usize,
    /// Something has changed since the screen was drawn.
    dirty: bool,
    /// Nothing had changed when the last key came.
    was_drawn: bool,
    /// The last key has been shown; its frame is still to be drawn.
    echoed: bool,
    /// Colours are wanted.
    pub colours: bool,
    /// Lines that were put aside: the last one is what the next prompt begins with.
    aside: Vec<String>,
    /// The number of the entry that the next line is.
    go_on_with: Option<u64>,
}

impl Editor {
    /// Let the user edit a command until it is complete and entered. `continuation` is PS2, or `None` for the shell's own.
    ///
    /// # Errors
    /// [`Stop`]
    pub fn read(
        &mut self,
        shell: &mut Shell,
        prompt: &str,
        continuation: Option<&str>,
        ensure_new_line: bool,
    ) -> Result<String, Stop> {
        let Ok(mut session) = Session::begin(shell) else { return Err(Stop::Gone) };
        self.prompt = Prompt::new(prompt);
        self.continuation = prompt::Continuation::new(continuation);
        self.screen.colours = self.colours;
        self.screen.forget();
        self.other_prompt = None;
        self.search = None;
        self.menu.close();
        self.recall.begin();
        self.known.forget();
        self.expanded.clear();
        self.vi.begin(shell.options.has(Opt::Vi));
        let initial = self.aside.pop().unwrap_or_default();
        self.line.begin(&initial, initial.len());
        if let Some(index) = self.go_on_with.take().and_then(|number| shell.history.index_of(number)) {
            self.show(shell, Some(index), usize::MAX);
        }
        self.update_size();
        self.before = if ensure_new_line { self.new_line() } else { String::new() } + input::PASTE_ON;
        self.dirty = true;
        let result = self.edit(shell, &mut session);
        self.menu.close();
        self.suggestion.clear();
        self.other_prompt = None;
        self.search = None;
        self.line.go(line::Motion::End, 1);
        self.draw(shell, false);
        match &result {
            Err(Stop::Interrupt) => self.write("^C"),
            Err(Stop::EndOfInput) if !shell.options.has(Opt::IgnoreEof) => self.write("exit"),
            _ => {}
        }
        let leave = String::from_utf8_lossy(self.screen.leave()).into_owned();
        self.write(&format!("{leave}{}", input::PASTE_OFF));
        session.end(shell);
        result.map(|()| self.line.text().to_owned())
    }

    /// What makes sure that the prompt begins a row, without asking the terminal where its cursor is: a mark and as many blanks
    /// as fill a row. Behind output without a last newline they wrap, and the mark stays; else the prompt overwrites it.
    fn new_line(&self) -> String {
        let mark = if self.colours { "\x1b[7m%\x1b[m" } else { "%" };
        format!("{mark}{}\r\x1b[K", " ".repeat(self.columns.saturating_sub(1)))
    }

    /// Keys, until the line is entered.
    fn edit(&mut self, shell: &mut Shell, session: &mut Session) -> Result<(), Stop> {
        loop {
            let step = match self.next_input(shell, session)? {
                Input::Paste(text) => {
                    self.menu.close();
                    self.line.interrupt();
                    self.line.insert(&text);
                    self.line.interrupt();
                    Step::Continue
                }
                Input::Key(key) if self.vi.on => vi::key(self, shell, session, key)?,
                Input::Key(key) => emacs::key(self, shell, session, key)?,
            };
            if step == Step::Enter {
                return Ok(());
            }
        }
    }

    /// Enter: a command that is not complete gets another line.
    fn enter(&mut self, shell: &mut Shell) -> Result<Step, Stop> {
        self.menu.close();
        if events::are_expanded(shell) {
            self.expand_history(shell)?;
        }
        if !syntax_state::lines(shell, &text::to_bytes(self.line.text())).goes_on {
            return Ok(Step::Enter);
        }
        self.line.go(line::Motion::End, 1);
        self.line.interrupt();
        self.line.insert("\n");
        self.line.text().clone_into(&mut self.expanded);
        Ok(Step::Continue)
    }

    /// What is executed is what is seen: `!!` becomes the command that it means.
    fn expand_history(&mut self, shell: &Shell) -> Result<(), Stop> {
        let line = self.line.text();
        match events::expand(line, self.expanded_to(), &shell.history, &mut self.substitution) {
            Ok(None) => {}
            Ok(Some(expanded)) => {
                expanded.text.clone_into(&mut self.expanded);
                self.line.replace_all(&expanded.text, expanded.text.len());
                if expanded.only_shown {
                    return Err(Stop::NotExecuted(expanded.text, None));
                }
            }
            Err(refused) => {
                let place = text::to_bytes(&line[refused.place]);
                let error = builtins::about(&place, &refused.reason.to_string());
                return Err(Stop::NotExecuted(line.to_owned(), Some(error)));
            }
        }
        Ok(())
    }

    /// Up to where the line has been expanded.
    fn expanded_to(&self) -> usize {
        if self.line.text().starts_with(&self.expanded) { self.expanded.len() } else { 0 }
    }

    fn update_size(&mut self) {
        let (columns, rows) = tty::window(OUTPUT);
        // A terminal that does not know is taken for the usual one.
        self.columns = columns.unwrap_or(80);
        self.rows = rows.unwrap_or(24);
    }

    /// Draw what has changed.
    fn draw(&mut self, shell: &mut Shell, assist: bool) {
        self.dirty = false;
        let expanded_to = self.expanded_to();
        let spans: Vec<Span> = match self.colours {
            true => highlight::spans(shell, self.line.text(), expanded_to, &mut self.known),
            false => Vec::new(),
        };
        match assist {
            true => self.suggest(shell),
            false => self.suggestion.clear(),
        }
        let suggestion = self.suggestion.text();
        match suggestion.contains('\n') {
            true => self.continuation.update(shell, &[self.line.text(), suggestion].concat(), self.columns),
            false => self.continuation.update(shell, self.line.text(), self.columns),
        }
        let menu = self.menu.rows(self.columns, self.rows);
        let mut content = Content {
            prompt: self.other_prompt.as_ref().unwrap_or(&self.prompt),
            continuation: &self.continuation,
            line: self.line.text(),
            spans: &spans,
            cursor: self.line.cursor(),
            suggestion,
            menu: &menu,
        };
        let matches;
        if self.search.is_some() {
            let used = frame::layout(&content, self.columns).rows.len();
            matches = self.search_rows(shell, self.rows.saturating_sub(used));
            content.menu = &matches;
        }
        let frame = frame::layout(&content, self.columns).clip(self.rows);
        let bytes = self.screen.draw(frame, self.columns.max(1));
        let before = std::mem::take(&mut self.before);
        // A terminal that is gone is found out at the next read.
        let _ = match before.is_empty() {
            true => fd::write_all(OUTPUT, bytes),
            false => fd::write_all(OUTPUT, &[before.as_bytes(), bytes].concat()),
        };
    }

    /// Insert a character. It is shown at once where it goes to the end of what is on the screen: what colour it has and what could follow it
    /// may take a search in directories and in the history, and a key is not to wait for them.
    fn insert(&mut self, character: char) {
        let mut buffer = [0; 4];
        let text = character.encode_utf8(&mut buffer);
        let in_step = self.was_drawn && self.line.is_at_end() && !self.menu.is_open() && self.other_prompt.is_none();
        if in_step && text::is_simple(character) {
            // A terminal that is gone is found out at the next read.
            let bytes = self.screen.echo(text, self.columns);
            self.echoed = !bytes.is_empty();
            let _ = fd::write_all(OUTPUT, bytes);
        }
        self.menu.close();
        self.line.insert(text);
    }

    /// Find what the line could go on with, where that may be shown.
    fn suggest(&mut self, shell: &Shell) {
        let possible = self.colours && self.line.is_at_end() && !self.menu.is_open();
        match possible && self.other_prompt.is_none() && !self.vi.is_command() {
            true => self.suggestion.update(shell, self.line.text()),
            false => self.suggestion.clear(),
        }
    }

    fn write(&mut self, text: &str) {
        if !text.is_empty() {
            let _ = fd::write_all(OUTPUT, text.as_bytes());
        }
    }

    fn bell(&mut self) {
        self.write("\x07");
    }

    /// The screen is blank except for what is edited.
    fn clear_screen(&mut self) {
        self.write("\x1b[H\x1b[2J");
        self.screen.forget();
    }

    /// Write a text above the line.
    fn print_above(&mut self, text: &str) {
        let erase = String::from_utf8_lossy(self.screen.erase()).into_owned();
        self.write(&format!("{erase}{text}"));
        self.dirty = true;
    }
}
