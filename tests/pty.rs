//! The shell at a terminal, seen as a person sees it: on a real pseudo-terminal, through the screen of a terminal emulator.
//!
//! [`terminal::Terminal`] starts a shell on a terminal of its own, types, and waits for what must appear. Nothing sleeps: every
//! wait is for a condition (a text on the screen, a prompt, a process group in the foreground, a process that is stopped) and
//! ends with a picture of the screen when it has not come true by the deadline. So a case is as quick as the shell and holds on a
//! loaded machine too.
//!
//! # To add a case
//!
//! Write a `#[test]` into the file of its topic (or `tests/pty/TOPIC.rs` with a `mod` line below):
//!
//! ```ignore
//! #[test]
//! fn a_stopped_job_is_shown() {
//!     let mut t = Terminal::new();                      // a shell at its first prompt; Terminal::with() sets more
//!     t.line("sleep 1000");                             // types a line and Enter, and does not wait
//!     t.in_job();                                       // until another group than the shell's has the terminal
//!     t.key(CTRL_Z);
//!     t.prompt();                                       // until a *new* prompt is there
//!     assert_eq!(t.run("jobs"), "[1] + Stopped sleep 1000");   // a line, the next prompt, and what stands between
//!     t.run("kill %1");
//!     t.exit();                                         // nothing is left running
//! }
//! ```
//!
//! - Prompts are `[1]$ `, `[2]$ `, ...: the number makes a new prompt different from the one that is on the screen already. A case
//!   about prompts sets its own (`Terminal::with().env("PS1", ..)`) and waits with [`Terminal::see`] or [`Terminal::until`].
//! - Type only when the shell reads: behind `prompt`, `in_job`, or a word that the program prints when it is ready.
//! - `SHELL_UNDER_TEST=/bin/bash cargo test --test pty` runs the cases with another shell; what is ipcsh's own choice begins
//!   with `let Some(mut t) = Terminal::of_ipcsh() else { return }`, or `if !is_ipcsh() { return }` if it sets more. A case that needs a
//!   program begins with `if !have("vi") { return }`.
//! - `PTY_SHOW=1 cargo test --test pty NAME -- --nocapture` prints every byte that the shell writes.

#![allow(clippy::panic, reason = "a test fails by a panic")]

#[path = "pty/connections.rs"]
mod connections;
#[path = "pty/editing.rs"]
mod editing;
#[path = "pty/first.rs"]
mod first;
#[path = "pty/foreground.rs"]
mod foreground;
#[path = "support/inherited.rs"]
mod inherited;
#[path = "pty/jobs.rs"]
mod jobs;
#[path = "pty/logins.rs"]
mod logins;
#[path = "pty/messages.rs"]
mod messages;
#[path = "pty/mistakes.rs"]
mod mistakes;
#[path = "pty/pleasant.rs"]
mod pleasant;
#[path = "pty/programs.rs"]
mod programs;
#[path = "pty/readme.rs"]
mod readme;
#[path = "pty/rpc.rs"]
mod rpc;
#[path = "pty/search.rs"]
mod search;
#[path = "pty/sessions.rs"]
mod sessions;
#[path = "pty/startup.rs"]
mod startup;
#[path = "pty/storms.rs"]
mod storms;
#[path = "pty/terminal.rs"]
mod terminal;
#[path = "pty/vi.rs"]
mod vi;
