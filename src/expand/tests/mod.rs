//! Tests of the word expansions: a scope in memory, and a table of words in each file.

mod arithmetic;
mod fields;
mod paths;
mod patterns;
mod single;
mod words;

use super::*;
use crate::syntax::ast::Command;
use bstr::ByteSlice;
use std::collections::BTreeMap;

/// A shell without commands: `$(text)` gives `text`, with `\n` for a newline.
pub(super) struct Shell {
    pub variables: BTreeMap<BString, BString>,
    pub readonly: Vec<BString>,
    pub parameters: Vec<BString>,
    pub ifs: Ifs,
    pub utf8: bool,
    pub no_glob: bool,
    pub no_unset: bool,
    pub substitutions: usize,
    pub line: u32,
}

impl Shell {
    pub fn new() -> Self {
        let mut shell = Self {
            variables: BTreeMap::new(),
            readonly: Vec::new(),
            parameters: Vec::new(),
            ifs: Ifs::new(None, true),
            utf8: true,
            no_glob: false,
            no_unset: false,
            substitutions: 0,
            line: 0,
        };
        shell.set("e", "");
        shell.set("x", "a b");
        shell.set("HOME", "/home/me");
        shell
    }

    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) {
        if name == "IFS" {
            self.ifs = Ifs::new(Some(value.as_ref()), self.utf8);
        }
        self.variables.insert(name.into(), value.as_ref().into());
    }

    pub fn unset_ifs(&mut self) {
        self.ifs = Ifs::new(None, self.utf8);
        self.variables.remove("IFS".as_bytes().as_bstr());
    }

    pub fn parameters(&mut self, parameters: &[&str]) {
        self.parameters = parameters.iter().map(|&parameter| parameter.into()).collect();
    }

    /// The fields of the words in `source`, each in brackets; or the error's message.
    pub fn fields(&mut self, source: &str) -> String {
        let mut out = Fields::from_iter(["before"]);
        match fields(self, &words::parse(source), &mut out) {
            Ok(()) => out.iter_from(1).map(|field| format!("[{field}]")).collect(),
            Err(failure) => {
                assert_eq!(out.len(), 1, "{source}: fields stay after a failure");
                assert!(out.pending().is_empty(), "{source}: bytes stay after a failure");
                message(failure)
            }
        }
    }

    /// The one text of the word in `source`; or the error's message.
    pub fn field(&mut self, source: &str) -> String {
        let mut out = b"=".to_vec();
        match field(self, &words::parse(source)[0], &mut out) {
            Ok(()) => out.as_bstr().to_string(),
            Err(failure) => {
                assert_eq!(out, b"=", "{source}: bytes stay after a failure");
                message(failure)
            }
        }
    }

    /// Whether the pattern in `source` matches.
    pub fn case(&mut self, subject: impl AsRef<[u8]>, source: &str) -> bool {
        case_matches(self, &words::pattern(source), subject.as_ref()).expect("a pattern")
    }
}

pub(super) fn message(failure: Failure) -> String {
    match failure {
        Failure::Error(error) => format!("!{error}"),
        Failure::Flow(flow) => format!("!{flow:?}"),
    }
}

impl Scope for Shell {
    fn variable(&mut self, name: &Name) -> Option<&BStr> {
        self.variables.get(name.text()).map(|value| value.as_bstr())
    }
    fn integer(&mut self, name: &Name) -> Result<i64, Box<Error>> {
        let value = self.variables.get(name.text()).map_or(b"".as_bstr(), |value| value.as_bstr());
        if value.is_empty() {
            return Ok(0);
        }
        let number = value.to_str().ok().and_then(|value| value.parse().ok());
        number.ok_or_else(|| Error::usage("not a number").within(name.text()).into())
    }
    fn is_set(&mut self, name: &Name) -> bool {
        self.variables.contains_key(name.text())
    }
    fn assign(&mut self, name: &Name, value: &[u8]) -> Result<(), Error> {
        if self.readonly.iter().any(|readonly| readonly == name.text()) {
            return Err(Error::usage("is read only").within(name.text()));
        }
        self.set(&name.text().to_string(), value);
        Ok(())
    }
    fn assign_integer(&mut self, name: &Name, value: i64) -> Result<(), Error> {
        self.assign(name, value.to_string().as_bytes())
    }
    fn positional(&self, n: usize) -> Option<&BStr> {
        self.parameters.get(n.checked_sub(1)?).map(|value| value.as_bstr())
    }
    fn positional_count(&self) -> usize {
        self.parameters.len()
    }
    fn special(&mut self, special: Special, out: &mut Vec<u8>) -> bool {
        match special {
            Special::Status => out.extend_from_slice(b"42"),
            Special::Pid => out.extend_from_slice(b"1234"),
            Special::Zero => out.extend_from_slice(b"sh"),
            Special::LastBackground => return false,
            _ => {}
        }
        true
    }
    fn ifs(&self) -> &Ifs {
        &self.ifs
    }
    fn utf8(&self) -> bool {
        self.utf8
    }
    fn no_glob(&self) -> bool {
        self.no_glob
    }
    fn no_unset(&self) -> bool {
        self.no_unset
    }
    fn home(&mut self, user: &BStr) -> Option<BString> {
        match user.as_bytes() {
            b"" => self.variables.get("HOME".as_bytes().as_bstr()).cloned(),
            b"star" => Some("/home/* x".into()),
            _ => None,
        }
    }
    fn substitute(&mut self, command: &Rc<CommandSubstitution>, out: &mut Vec<u8>) -> Result<(), Flow> {
        self.substitutions += 1;
        if let Command::Simple(simple) = &command.body.items[0].and_or.first.commands[0] {
            let text = simple.words[0].plain().expect("plain").replace("\\n", "\n").replace("\\0", "\0");
            out.extend_from_slice(&text);
        }
        Ok(())
    }
    fn at_line(&mut self, line: u32) {
        self.line = line;
    }
}
