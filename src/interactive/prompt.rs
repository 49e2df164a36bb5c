//! Prompts: PS1 and PS2 as the standard expands them (XCU 2.5.3), with bash's backslash escapes where the user is not
//! in POSIX mode, and the prompt that ipcsh has by itself.

use crate::expand;
use crate::interactive::edit::prompt::{HIDDEN_BEGIN, HIDDEN_END};
use crate::interactive::text::{push_visible, to_text, visible, width};
use crate::shell::vars::slot;
use crate::shell::{Opt, Shell};
use crate::status::ExitStatus;
use bstr::{BStr, ByteSlice};

/// The text of PS1 (`slot::PS1`) or PS2, with its default when it is not set. Escape sequences in it are between
/// [`HIDDEN_BEGIN`] and [`HIDDEN_END`] where it is known that they are.
pub fn text(shell: &mut Shell, which: u32, colours: bool) -> String {
    let posix = shell.options.has(Opt::Posix);
    // What is the default of ipcsh's own is none of the standard's, once `set -o posix` is said.
    let is_other = posix && which == slot::PS1 && shell.vars.at(slot::PS1).is_default;
    let value = match shell.vars.get(which) {
        Some(value) if !is_other => value.to_vec(),
        _ if which == slot::PS1 && posix => return "$ ".to_owned(),
        None if which == slot::PS1 => return default_primary(shell, colours),
        _ => return "> ".to_owned(),
    };
    let mut source = String::new();
    let mut rest = &to_text(&value)[..];
    while let Some(character) = rest.chars().next() {
        rest = &rest[character.len_utf8()..];
        match character {
            '\\' if !posix => rest = escape(shell, rest, &mut source, colours),
            '!' if which == slot::PS1 && !source.ends_with(['$', '{']) => {
                if let Some(behind) = rest.strip_prefix('!') {
                    rest = behind;
                    source.push('!');
                } else {
                    source.push_str(&history_number(shell));
                }
            }
            character => source.push(character),
        }
    }
    expanded(shell, &source)
}

/// Whether PS1 shows ipcsh's own prompt.
pub fn is_own(shell: &mut Shell) -> bool {
    let posix = shell.options.has(Opt::Posix);
    let has_own = |value: &BStr| !posix && value.contains_str("\\p");
    shell.vars.get(slot::PS1).is_none_or(has_own)
}

/// PS2 as the user has set it, and `> ` in POSIX mode; else `None`: what is [`continuation`] then.
pub fn secondary(shell: &mut Shell, colours: bool) -> Option<String> {
    let is_own = !shell.options.has(Opt::Posix) && shell.vars.at(slot::PS2).is_default;
    (!is_own).then(|| text(shell, slot::PS2, colours))
}

/// The shell's own prompt for a line inside of what is `open` ([`crate::syntax::Open`]): it names as much as fits into a third of
/// the window, the innermost first.
pub fn continuation(open: &str, columns: usize) -> String {
    let mut shown = String::new();
    for character in open.chars() {
        push_visible(&mut shown, character);
    }
    let mut rest = &shown[..];
    while !rest.is_empty() && width(rest) + 2 > columns / 3 {
        rest = rest.split_once(' ').map_or("", |(_, inner)| inner);
    }
    format!("{rest}> ")
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// The number that the next command will have.
fn history_number(shell: &Shell) -> String {
    shell.history.last().map_or(1, |last| last.number + 1).to_string()
}

/// The text after the standard's expansions; `$?` is the same afterwards.
pub fn expanded(shell: &mut Shell, source: &str) -> String {
    let bytes = crate::interactive::text::to_bytes(source);
    let (status, line) = (shell.status, shell.vars.line);
    // A ^C meanwhile ends the expansion, and there is no command yet that it could end.
    let text = to_text(&expand::prompt(shell, &bytes, line).unwrap_or(bytes));
    shell.status = status;
    // A directory's name is shown, whatever is in it, and never obeyed.
    match shell.vars.get(slot::PWD).filter(|path| path.iter().any(u8::is_ascii_control)) {
        Some(path) => text.replace(&to_text(path), &visible(path)),
        None => text,
    }
}

/// `\p`, or one of bash's escapes, without its backslash; what is behind it.
fn escape<'a>(shell: &mut Shell, rest: &'a str, out: &mut String, colours: bool) -> &'a str {
    let Some(letter) = rest.chars().next() else {
        out.push_str("\\\\");
        return rest;
    };
    if letter.is_digit(8) {
        let length = rest.bytes().take(3).take_while(|digit| (b'0'..=b'7').contains(digit)).count();
        let byte = u32::from_str_radix(&rest[..length], 8).ok().and_then(char::from_u32);
        literal(out, &byte.map(String::from).unwrap_or_default());
        return &rest[length..];
    }
    let time = |format: &str| crate::sys::clock::local_time(format);
    let text = match letter {
        'p' => default_primary(shell, colours),
        'u' => user(shell),
        'h' => host().split('.').next().unwrap_or_default().to_owned(),
        'H' => host(),
        'w' => directory(shell),
        'W' => {
            let all = directory(shell);
            all.rsplit('/').next().filter(|last| !last.is_empty()).unwrap_or(&all).to_owned()
        }
        '$' => if is_root() { "#" } else { "$" }.to_owned(),
        't' => time("%H:%M:%S"),
        'T' => time("%I:%M:%S"),
        '@' => time("%I:%M %p"),
        'A' => time("%H:%M"),
        'd' => time("%a %b %d"),
        'j' => shell.jobs.iter().count().to_string(),
        's' => "ipcsh".to_owned(),
        'v' | 'V' => env!("CARGO_PKG_VERSION").to_owned(),
        '!' | '#' => history_number(shell),
        'n' => "\n".to_owned(),
        'r' => "\r".to_owned(),
        'e' => "\x1b".to_owned(),
        'a' => "\x07".to_owned(),
        '[' => HIDDEN_BEGIN.to_string(),
        ']' => HIDDEN_END.to_string(),
        '\\' => "\\".to_owned(),
        other => format!("\\{other}"),
    };
    literal(out, &text);
    &rest[letter.len_utf8()..]
}

/// Append a text that is not to be expanded.
fn literal(out: &mut String, text: &str) {
    for character in text.chars() {
        if "$`\\".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
}

fn user(shell: &mut Shell) -> String {
    let id = nix::unistd::geteuid().as_raw();
    match crate::interactive::complete::names::user_name(id) {
        Some(name) => visible(&name),
        None => shell.vars.value_of(b"USER").map_or_else(|| id.to_string(), |name| visible(name)),
    }
}

fn host() -> String {
    nix::unistd::gethostname().map(|name| visible(name.as_encoded_bytes())).unwrap_or_default()
}

/// The working directory, with `~` for what is below HOME.
fn directory(shell: &mut Shell) -> String {
    let path = shell.vars.get(slot::PWD).map(|path| path.to_vec()).unwrap_or_else(|| b"?".to_vec());
    let home =
        shell.vars.get(slot::HOME).filter(|home| home.len() > 1).map(|home| home.trim_end_with(|c| c == '/').to_vec());
    let below = home.and_then(|home| path.strip_prefix(&home[..]).map(<[u8]>::to_vec));
    match below.filter(|below| below.is_empty() || below[0] == b'/') {
        Some(below) => format!("~{}", visible(&below)),
        None => visible(&path),
    }
}

/// User, host and directory; before them the status if the last command failed, and the number of jobs if there are some.
fn default_primary(shell: &mut Shell, colours: bool) -> String {
    let paint = |sgr: &str, text: &str| match colours {
        true => format!("{HIDDEN_BEGIN}\x1b[{sgr}m{HIDDEN_END}{text}{HIDDEN_BEGIN}\x1b[m{HIDDEN_END}"),
        false => text.to_owned(),
    };
    let mut out = String::new();
    if shell.status != ExitStatus::SUCCESS {
        out.push_str(&paint("31", &format!("[{}] ", shell.status.0)));
    }
    match shell.jobs.iter().count() {
        0 => {}
        1 => out.push_str(&paint("33", "(1 job) ")),
        count => out.push_str(&paint("33", &format!("({count} jobs) "))),
    }
    let host = host();
    let short = host.split('.').next().unwrap_or_default();
    out.push_str(&paint("32", &format!("{}@{short}", user(shell))));
    out.push(' ');
    out.push_str(&paint("36", &directory(shell)));
    out.push_str(if is_root() { " # " } else { " $ " });
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> String {
        let mut shell = Shell::new(crate::builtins::find);
        let _ = shell.vars.set(slot::PS1, value.as_bytes());
        let _ = shell.vars.set(slot::HOME, b"/home/ana");
        let _ = shell.vars.set(slot::PWD, b"/home/ana/a\x1b[31mb$x");
        text(&mut shell, slot::PS1, false)
    }

    #[test]
    fn escapes_and_expansions() {
        assert_eq!(shown("\\w> "), "~/a^[[31mb$x> ");
        assert_eq!(shown("$PWD> "), "/home/ana/a^[[31mb$x> ");
        assert_eq!(shown("\\W \\j \\\\ \\101 \\q"), "a^[[31mb$x 0 \\ A \\q");
        assert_eq!(shown("\\[\\e[1m\\]x"), "\u{1}\x1b[1m\u{2}x");
        assert_eq!(shown("! !! $((1+1))"), "1 ! 2");
    }

    #[test]
    fn what_is_open_is_named_as_far_as_there_is_room() {
        let prompts = [80, 42, 27, 1].map(|columns| continuation("for do if then dquote", columns));
        assert_eq!(prompts, ["for do if then dquote> ", "then dquote> ", "dquote> ", "> "]);
        assert_eq!(continuation("heredoc \x1b[m", 80), "heredoc ^[[m> ");
    }
}
