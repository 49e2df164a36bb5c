//! `!!` and `!$` at the prompt: the command before this one, and its last word, as users of bash and zsh type them.
//!
//! Only as words of their own, which no command has a use for, and neither in quotes nor in POSIX mode: "Hello!" stays as it is.

use crate::interactive::complete::scan;
use crate::interactive::text::{to_bytes, to_text};
use crate::shell::{Opt, Shell};
use crate::syntax::marks::{self, Kind};
use bstr::ByteSlice;

/// What a word stands for, if it is one of these.
pub fn meaning(shell: &Shell, word: &str) -> Option<String> {
    if !matches!(word, "!!" | "!$") || shell.options.has(Opt::Posix) {
        return None;
    }
    // Whoever has given the name a meaning wants that one.
    let name = to_bytes(word);
    if shell.aliases.get(name.as_bstr()).is_some() || shell.commands.function(&name).is_some() {
        return None;
    }
    let command = to_text(&shell.history.last()?.text);
    Some(if word == "!!" { command } else { scan::last_word(&command).to_owned() })
}

/// A line with these words replaced; `None` if there are none.
pub fn replaced(shell: &Shell, line: &str) -> Option<String> {
    if !line.contains('!') {
        return None;
    }
    let mut text = line.to_owned();
    for mark in marks::of(line.as_bytes()).iter().rev().filter(|mark| matches!(mark.kind, Kind::Command | Kind::Word)) {
        if let Some(meaning) = line.get(mark.start..mark.end).and_then(|word| meaning(shell, word)) {
            text.replace_range(mark.start..mark.end, &meaning);
        }
    }
    (text != line).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_of_their_own_are_replaced() {
        let mut shell = Shell::new(crate::builtins::find);
        assert_eq!(replaced(&shell, "!!"), None);
        shell.history.on = true;
        shell.history.record(b"make 'a b'");
        for (line, wanted) in [
            ("!!", "make 'a b'"),
            ("sudo !! | cat; ls !$", "sudo make 'a b' | cat; ls 'a b'"),
            ("echo $(!!) \"$(cat !$)\"", "echo $(make 'a b') \"$(cat 'a b')\""),
        ] {
            assert_eq!(replaced(&shell, line).as_deref(), Some(wanted), "{line}");
        }
        for line in ["echo 'a !! b' \"!!\" \\!! a!! !!b # !!", "! true", "cat <<E\n!!\nE", "echo Hello!"] {
            assert_eq!(replaced(&shell, line), None, "{line}");
        }
        shell.options.set(Opt::Posix, true);
        assert_eq!(replaced(&shell, "!!"), None);
    }
}
