//! News of mail before a prompt: MAIL, MAILPATH and MAILCHECK of the `sh` utility's environment variables (XCU sh, user portability).
//!
//! A mailbox is a file. It is looked at (stat) before a primary prompt, at most every MAILCHECK seconds. What it was at the first
//! look is where changes begin, so that a shell says nothing of mail that was there before it.

use crate::interactive::prompt;
use crate::interactive::text::{to_bytes, to_text, visible};
use crate::shell::Shell;
use bstr::{BString, ByteSlice};
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

/// How often mailboxes are looked at if MAILCHECK does not say so, in seconds.
const INTERVAL: u32 = 600;

/// MAILCHECK has a value, which an interactive shell shows.
pub fn set_interval(shell: &mut Shell) {
    let name = shell.vars.slot_of(b"MAILCHECK");
    shell.vars.set_default(name, INTERVAL.to_string().as_bytes());
}

/// What the shell knows of the user's mailboxes.
#[derive(Default)]
pub struct Mail {
    seen: Vec<Mailbox>,
    looked: Option<Instant>,
}

/// A file that was looked at.
struct Mailbox {
    path: BString,
    state: State,
}

/// When a file has changed, in seconds and nanoseconds, and whether it has contents; none if there is no file.
type State = Option<((i64, i64), bool)>;

/// Before a primary prompt: what to tell of new mail.
pub fn news(shell: &mut Shell, mail: &mut Mail) -> BString {
    let mut text = BString::default();
    let list = list(shell);
    if list.is_empty() {
        mail.seen.clear();
        return text;
    }
    let check = shell.vars.value_of(b"MAILCHECK").and_then(|value| value.to_str().ok()?.parse().ok());
    let interval = Duration::from_secs(check.unwrap_or(INTERVAL.into()));
    let is_new = |path: &BString| mail.seen.iter().all(|mailbox| mailbox.path != *path);
    if mail.looked.is_some_and(|then| then.elapsed() < interval) && !list.iter().any(|(path, _)| is_new(path)) {
        return text;
    }
    mail.looked = Some(Instant::now());
    let mut seen = Vec::with_capacity(list.len());
    for (path, message) in list {
        let state = state_of(&path);
        if let Some(old) = mail.seen.iter().find(|mailbox| mailbox.path == path)
            && has_mail(old.state, state)
        {
            text.extend_from_slice(&announcement(shell, &path, message.as_ref()));
            text.push(b'\n');
        }
        seen.push(Mailbox { path, state });
    }
    mail.seen = seen;
    text
}

/// The mailboxes, each with the message that the user wants: MAILPATH's, or MAIL's if there is no MAILPATH.
fn list(shell: &mut Shell) -> Vec<(BString, Option<BString>)> {
    if let Some(paths) = shell.vars.value_of(b"MAILPATH") {
        return paths.split(|&byte| byte == b':').filter(|entry| !entry.is_empty()).map(split).collect();
    }
    let path = shell.vars.value_of(b"MAIL").filter(|path| !path.is_empty());
    path.map(|path| (path.to_owned(), None)).into_iter().collect()
}

/// `PATH%MESSAGE`; in the path `\%` is a percent sign.
fn split(entry: &[u8]) -> (BString, Option<BString>) {
    let mut path = BString::default();
    let mut rest = entry.iter().enumerate();
    while let Some((index, &byte)) = rest.next() {
        match byte {
            b'\\' if entry.get(index + 1) == Some(&b'%') => {
                path.push(b'%');
                rest.next();
            }
            b'%' => return (path, Some(BString::from(&entry[index + 1..]))),
            byte => path.push(byte),
        }
    }
    (path, None)
}

fn state_of(path: &BString) -> State {
    let status = std::fs::metadata(path.to_os_str().ok()?).ok()?;
    Some(((status.mtime(), status.mtime_nsec()), status.len() > 0))
}

/// The file was created, or its time of modification has changed. One that was emptied has been read.
fn has_mail(old: State, new: State) -> bool {
    match (old, new) {
        (None, Some(_)) => true,
        (Some((then, _)), Some((now, has_contents))) => then != now && has_contents,
        (_, None) => false,
    }
}

/// The message, its parameters expanded; `$_` is the mailbox in it.
fn announcement(shell: &mut Shell, path: &BString, message: Option<&BString>) -> BString {
    let Some(message) = message else {
        return BString::from(to_bytes(&format!("you have mail in {}", visible(path))));
    };
    let mark = shell.vars.locals_mark();
    let name = shell.vars.slot_of(b"_");
    shell.vars.make_local(name);
    // A script that has made `_` read-only gets its own value.
    let _ = shell.vars.set(name, path);
    let text = prompt::expanded(shell, &to_text(message));
    shell.vars.restore_locals(mark);
    BString::from(to_bytes(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_path_and_perhaps_a_message() {
        assert_eq!(split(b"/a"), ("/a".into(), None));
        assert_eq!(split(b"/a%you have 5% more"), ("/a".into(), Some("you have 5% more".into())));
        assert_eq!(split(br"/a\%b\c%m"), (r"/a%b\c".into(), Some("m".into())));
    }

    #[test]
    fn a_mailbox_that_was_read_is_no_news() {
        let at = |seconds, contents| Some(((seconds, 0), contents));
        assert!(has_mail(None, at(1, false)));
        assert!(has_mail(at(1, true), at(2, true)));
        assert!(!has_mail(at(1, true), at(1, true)));
        assert!(!has_mail(at(1, true), at(2, false)));
        assert!(!has_mail(at(1, true), None));
    }
}
