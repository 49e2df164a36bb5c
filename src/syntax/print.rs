//! The tree as text: the names of jobs, and `parse(print(tree)) == tree`.

use crate::syntax::ast::*;
use bstr::{BString, ByteSlice};

/// Prints with here-documents kept back until the next newline.
#[derive(Default)]
struct Printer {
    out: BString,
    pending: Vec<std::rc::Rc<HereDoc>>,
    /// For people: no newlines, and here-documents without their bodies.
    one_line: bool,
}

/// A list, one command a line.
pub fn list(list: &List) -> BString {
    let mut printer = Printer::default();
    printer.list(list);
    printer.newline();
    printer.out
}

/// A job's text: on one line.
pub fn job(and_or: &AndOr) -> BString {
    let mut printer = Printer::for_people();
    printer.and_or(and_or);
    printer.out
}

/// The commands of a pipeline, as the text of the job that they are.
pub fn commands(commands: &[Command]) -> BString {
    let mut printer = Printer::for_people();
    printer.commands(commands);
    printer.out
}

/// `( list )`, likewise.
pub fn subshell(list: &List) -> BString {
    let mut printer = Printer::for_people();
    printer.subshell(list);
    printer.out
}

/// One simple command, likewise.
pub fn simple(command: &SimpleCommand) -> BString {
    let mut printer = Printer::for_people();
    printer.simple(command);
    printer.out
}

/// What separates a command from the one before it on the same line.
fn separator(before: &[ListItem]) -> &'static str {
    if before.last().is_some_and(|item| item.background) { " " } else { "; " }
}

impl Printer {
    fn for_people() -> Self {
        Self { one_line: true, ..Self::default() }
    }

    /// A newline, or on one line what stands for it there.
    fn gap(&mut self, on_one_line: &str) {
        if self.one_line { self.text(on_one_line) } else { self.newline() }
    }

    /// In single quotes: `'a'\''b'` reads back as one merged part.
    fn quoted(&mut self, text: &[u8]) {
        self.text("'");
        self.out.extend_from_slice(&text.replace("'", "'\\''"));
        self.text("'");
    }

    fn text(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn newline(&mut self) {
        self.out.push(b'\n');
        for document in std::mem::take(&mut self.pending) {
            if let Some(body) = document.body.get() {
                if document.quoted {
                    for part in &body.parts {
                        if let WordPart::Literal(text) = part {
                            self.out.extend_from_slice(text);
                        }
                    }
                } else {
                    self.parts(&body.parts, Some(b"$`\\"));
                }
            }
            self.out.extend_from_slice(&document.delimiter);
            self.out.push(b'\n');
        }
    }

    fn list(&mut self, list: &List) {
        for (index, item) in list.items.iter().enumerate() {
            if index > 0 {
                self.gap(separator(&list.items[..index]));
            }
            self.and_or(&item.and_or);
            if item.background {
                self.text(" &");
            }
        }
    }

    /// A list inside of a compound command, with a newline on both sides.
    fn body(&mut self, list: &List) {
        self.gap(" ");
        self.list(list);
        self.gap(separator(&list.items));
    }

    fn subshell(&mut self, list: &List) {
        self.text("(");
        self.gap("");
        self.list(list);
        self.gap("");
        self.text(")");
    }

    fn and_or(&mut self, and_or: &AndOr) {
        self.pipeline(&and_or.first);
        for (op, pipeline) in &and_or.rest {
            self.text(if *op == AndOrOp::And { " && " } else { " || " });
            self.pipeline(pipeline);
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        match pipeline.timed {
            Some(TimeFormat::Default) => self.text("time "),
            Some(TimeFormat::Posix) => self.text("time -p "),
            None => {}
        }
        if pipeline.negated {
            self.text("! ");
        }
        self.commands(&pipeline.commands);
    }

    fn commands(&mut self, commands: &[Command]) {
        for (index, command) in commands.iter().enumerate() {
            if index > 0 {
                self.text(" | ");
            }
            match command {
                Command::Simple(simple) => self.simple(simple),
                Command::Compound(compound) => self.compound(compound),
                Command::Function(definition) => {
                    self.out.extend_from_slice(definition.name.text());
                    self.text("() ");
                    self.compound(&definition.body);
                }
            }
        }
    }

    fn simple(&mut self, command: &SimpleCommand) {
        let start = self.out.len();
        for assignment in &command.assignments {
            self.space(start);
            self.out.extend_from_slice(assignment.name.text());
            self.text("=");
            self.word(&assignment.value);
        }
        for word in command.words.iter() {
            self.space(start);
            self.word(word);
        }
        for redirect in &command.redirects {
            self.space(start);
            self.redirect(redirect);
        }
    }

    fn space(&mut self, start: usize) {
        if self.out.len() > start {
            self.out.push(b' ');
        }
    }

    fn redirect(&mut self, redirect: &Redirect) {
        if let Some(fd) = redirect.fd {
            self.text(&fd.to_string());
        }
        let (operator, word) = match &redirect.op {
            RedirectOp::Input(word) => ("<", word),
            RedirectOp::Output(word) => (">", word),
            RedirectOp::Clobber(word) => (">|", word),
            RedirectOp::Append(word) => (">>", word),
            RedirectOp::ReadWrite(word) => ("<>", word),
            RedirectOp::DupInput(word) => ("<&", word),
            RedirectOp::DupOutput(word) => (">&", word),
            RedirectOp::HereDoc(document) => {
                self.text(if document.strip_tabs { "<<-" } else { "<<" });
                if document.quoted {
                    self.quoted(&document.delimiter);
                } else {
                    self.out.extend_from_slice(&document.delimiter);
                }
                self.pending.push(std::rc::Rc::clone(document));
                return;
            }
        };
        self.text(operator);
        self.word(word);
    }

    fn compound(&mut self, command: &CompoundCommand) {
        match &command.kind {
            Compound::Group(list) => {
                self.text("{");
                self.body(list);
                self.text("}");
            }
            Compound::Subshell(list) => {
                self.subshell(list);
            }
            Compound::For { name, words, body } => {
                self.text("for ");
                self.out.extend_from_slice(name.text());
                if let Some(words) = words {
                    self.text(" in");
                    for word in words.iter() {
                        self.text(" ");
                        self.word(word);
                    }
                }
                self.gap("; ");
                self.text("do");
                self.body(body);
                self.text("done");
            }
            Compound::Case { word, items } => self.case(word, items),
            Compound::If { branches, otherwise } => {
                for (index, (condition, body)) in branches.iter().enumerate() {
                    self.text(if index == 0 { "if" } else { "elif" });
                    self.body(condition);
                    self.text("then");
                    self.body(body);
                }
                if let Some(body) = otherwise {
                    self.text("else");
                    self.body(body);
                }
                self.text("fi");
            }
            Compound::While { until, condition, body } => {
                self.text(if *until { "until" } else { "while" });
                self.body(condition);
                self.text("do");
                self.body(body);
                self.text("done");
            }
        }
        for redirect in &command.redirects {
            self.text(" ");
            self.redirect(redirect);
        }
    }

    fn case(&mut self, word: &Word, items: &[CaseItem]) {
        self.text("case ");
        self.word(word);
        self.text(" in");
        self.gap(" ");
        for item in items {
            self.text("(");
            for (index, pattern) in item.patterns.iter().enumerate() {
                if index > 0 {
                    self.text(" | ");
                }
                self.word(&pattern.word);
            }
            self.text(")");
            self.gap(" ");
            self.list(&item.body);
            self.gap(" ");
            self.text(if item.terminator == CaseTerminator::Break { ";;" } else { ";&" });
            self.gap(" ");
        }
        self.text("esac");
    }

    fn word(&mut self, word: &Word) {
        self.parts(&word.parts, None);
    }

    /// Parts; inside double quotes and the like with these characters escaped.
    fn parts(&mut self, parts: &[WordPart], escaped: Option<&[u8]>) {
        for (index, part) in parts.iter().enumerate() {
            match part {
                WordPart::Literal(text) => match escaped {
                    None => self.out.extend_from_slice(text),
                    Some(special) => {
                        for &byte in text.iter() {
                            if special.contains(&byte) {
                                self.out.push(b'\\');
                            }
                            self.out.push(byte);
                        }
                    }
                },
                // `$\a` is not `$'a'`.
                WordPart::Quoted(text) if !text.is_empty() && ends_with_dollar(&parts[..index]) => {
                    self.out.push(b'\\');
                    self.out.push(text[0]);
                    self.quoted(&text[1..]);
                }
                WordPart::Quoted(text) => self.quoted(text),
                WordPart::DoubleQuoted(inner) => {
                    self.text("\"");
                    self.parts(inner, Some(b"\"$`\\"));
                    self.text("\"");
                }
                WordPart::Tilde(user) => {
                    self.text("~");
                    self.out.extend_from_slice(user);
                }
                WordPart::Parameter(expansion) => {
                    self.parameter(expansion, escaped.is_some(), continues_name(parts.get(index + 1)));
                }
                WordPart::Command(substitution) => {
                    self.text("$(");
                    let outer = std::mem::take(&mut self.pending);
                    self.gap("");
                    let start = self.out.len();
                    self.list(&substitution.body);
                    // `$( (` is no arithmetic expansion.
                    if self.out[start..].starts_with(b"(") {
                        self.out.insert(start, b' ');
                    }
                    self.gap("");
                    self.pending = outer;
                    self.text(")");
                }
                WordPart::Arithmetic(arithmetic) => {
                    self.text("$((");
                    self.parts(&arithmetic.text.parts, Some(b"$`\\"));
                    self.text("))");
                }
            }
        }
    }

    /// `$x`, as most people type it, or `${x}` where it has to be (`continued`: what follows would belong to the name).
    fn parameter(&mut self, expansion: &ParameterExpansion, quoted: bool, continued: bool) {
        if expansion.op == ParameterOp::Value {
            match &expansion.parameter {
                Parameter::Variable(name) if !continued => {
                    self.text("$");
                    return self.out.extend_from_slice(name.text());
                }
                // One character, which nothing that follows can change.
                Parameter::Positional(number @ 1..=9) => return self.text(&format!("${number}")),
                Parameter::Special(special) => {
                    self.text("$");
                    return self.out.push(special.symbol());
                }
                _ => {}
            }
        }
        self.text("${");
        if let ParameterOp::Bad(text) = &expansion.op {
            self.out.extend_from_slice(text);
            self.text("}");
            return;
        }
        if expansion.op == ParameterOp::Length {
            self.text("#");
        }
        match &expansion.parameter {
            Parameter::Variable(name) => self.out.extend_from_slice(name.text()),
            Parameter::Positional(number) => self.text(&number.to_string()),
            Parameter::Special(special) => self.out.push(special.symbol()),
        }
        match &expansion.op {
            ParameterOp::Switch { kind, colon, word } => {
                self.text(if *colon { ":" } else { "" });
                self.text(match kind {
                    SwitchKind::Default => "-",
                    SwitchKind::Assign => "=",
                    SwitchKind::Error => "?",
                    SwitchKind::Alternative => "+",
                });
                self.parts(&word.parts, quoted.then_some(b"\"$`\\}".as_slice()));
            }
            ParameterOp::Trim { side, longest, pattern } => {
                let sign = if *side == TrimSide::Prefix { "#" } else { "%" };
                self.text(sign);
                self.text(if *longest { sign } else { "" });
                self.word(&pattern.word);
            }
            ParameterOp::Value | ParameterOp::Length | ParameterOp::Bad(_) => {}
        }
        self.text("}");
    }
}

/// Whether the part behind a `$name` begins with a character that would make the name longer.
fn continues_name(next: Option<&WordPart>) -> bool {
    matches!(next, Some(WordPart::Literal(text))
        if text.first().is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// Whether a `$` that begins no expansion stands at the end of these parts.
fn ends_with_dollar(parts: &[WordPart]) -> bool {
    matches!(parts.last(), Some(WordPart::Literal(text)) if text.ends_with(b"$"))
}
