//! Lines, line continuations, here-documents, aliases: where the parser reads, and how far.

use super::*;
use crate::syntax::ast::RedirectOp;
use std::cell::Cell;
use std::rc::Rc;

/// Lines, and how many of them were asked for.
struct Counted {
    lines: Vec<&'static str>,
    read: Rc<Cell<usize>>,
    prompts: Rc<Cell<usize>>,
}

impl LineSource for Counted {
    fn next_line(&mut self, prompt: Prompt<'_>) -> Result<Option<BString>, ReadError> {
        let line = self.lines.get(self.read.get());
        self.read.set(self.read.get() + 1);
        self.prompts.set(self.prompts.get() + usize::from(prompt == Prompt::Primary));
        Ok(line.map(|line| BString::from(*line)))
    }
}

/// How many lines each command of a source has read when it is returned.
fn lines_read(lines: &[&'static str]) -> Vec<usize> {
    let (read, prompts) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let source = Counted { lines: lines.to_vec(), read: Rc::clone(&read), prompts: Rc::clone(&prompts) };
    let (mut parser, pools) = (Parser::new(Box::new(source)), Pools::default());
    let mut all = Vec::new();
    while let Ok(Some(_)) = parser.next_command(&NoAliases, &pools) {
        all.push(read.get());
    }
    assert!(prompts.get() > all.len(), "each command begins with the first prompt");
    all
}

#[test]
fn a_command_reads_its_own_lines_and_no_more() {
    assert_eq!(lines_read(&["a\n", "b\n", "c"]), [1, 2, 3]);
    assert_eq!(lines_read(&["a \\\n", "b\n", "c\n"]), [2, 3]);
    assert_eq!(lines_read(&["if a\n", "then b\n", "fi\n", "read x\n", "data\n"]), [3, 4, 5]);
    assert_eq!(lines_read(&["cat <<E\n", "text\n", "E\n", "read x\n"]), [3, 4]);
    assert_eq!(lines_read(&["a 'b\n", "c' && \n", "\n", "d\n", "e\n"]), [4, 5]);
    assert_eq!(lines_read(&["f()\n", "{ a; }\n", "f\n"]), [2, 3]);
    assert_eq!(lines_read(&["a $(b\n", ") <<X\n", "X\n", "e\n"]), [3, 4]);
    assert_eq!(lines_read(&["\n", "# comment\n", "a\n"]), [3]);
}

#[test]
fn lines_of_a_text_are_numbered() {
    let line = |text: &str| match &parse(text)[..] {
        [.., List { items }] => match &items[items.len() - 1].and_or.first.commands[0] {
            Command::Simple(simple) => simple.line.0,
            Command::Compound(compound) => compound.line.0,
            Command::Function(function) => function.line.0,
        },
        [] => 0,
    };
    assert_eq!(line("a\n\nb\n"), 3);
    assert_eq!(line("a \\\n b\nc\n"), 3);
    assert_eq!(line("cat <<E\n1\n2\nE\nc\n"), 5);
    assert_eq!(line("a 'x\ny\nz'; b\n"), 3);
    assert_eq!(line("a \"$(b\nc)\"; d\n"), 2);
    assert_eq!(line("a `b\nc`; d\n"), 2);
}

#[test]
fn the_text_of_the_last_command_is_known() {
    let (mut parser, pools) = (Parser::of_text("a \\\nb\nif x\nthen y; fi\nz", 1), Pools::default());
    for text in ["a \\\nb\n", "if x\nthen y; fi\n", "z"] {
        assert!(!parser.is_at_end());
        assert!(parser.next_command(&NoAliases, &pools).is_ok());
        assert_eq!(parser.last_text(), text);
    }
    assert!(parser.is_at_end());
}

#[test]
fn a_line_continuation_means_nothing_anywhere() {
    for (broken, whole) in [
        ("ec\\\nho a\\\nb", "echo ab"),
        ("i\\\nf a; th\\\nen b; f\\\ni", "if a; then b; fi"),
        ("a &\\\n& b |\\\n| c", "a && b || c"),
        ("a >\\\n> b 2\\\n>&\\\n1", "a >>b 2>&1"),
        ("x\\\ny=\\\nz a", "xy=z a"),
        ("a $\\\n{x\\\ny:\\\n-z\\\n}", "a ${xy:-z}"),
        ("a $x\\\ny", "a $xy"),
        ("a $\\\n(\\\n(1\\\n+2)\\\n)", "a $((1+2))"),
        ("a \"b\\\nc$\\\nx\"", "a \"bc$x\""),
        ("case a in b)\\\n;\\\n; esac", "case a in b) ;; esac"),
        ("a <<\\\n-E\n\tb\n\tE\n", "a <<-E\nb\nE\n"),
        ("f\\\n(\\\n) { a; }", "f() { a; }"),
        ("! \\\n a \\\n", "! a"),
        ("a <<E\nb\\\nc\nE\n", "a <<E\nbc\nE\n"),
    ] {
        assert_eq!(parse(broken), parse(whole), "{broken:?}");
    }
    assert_ne!(parse("a 'b\\\nc'"), parse("a 'bc'"));
    assert_eq!(words("a \\\n#b").len(), 1, "a comment begins behind a continuation with a blank before it");
}

fn body(text: &str) -> String {
    match &simple(text).redirects[0].op {
        RedirectOp::HereDoc(document) => {
            let word = document.body.get().expect("a body");
            word.plain().map_or_else(|| format!("{:?}", word.parts), ToString::to_string)
        }
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn here_documents_end_at_their_delimiter() {
    assert_eq!(body("a <<E\nb\n E\nE \nE\n"), "b\n E\nE \n");
    assert_eq!(body("a <<-E\n\t\tb\n\tE\n"), "b\n");
    assert_eq!(body("a <<'E'\n$x `y` \\\n\nE\n"), "$x `y` \\\n\n");
    assert_eq!(body("a <<\"E F\"\nE\nE F\n"), "E\n");
    assert_eq!(body("a <<$x\nb\n$x\n"), "b\n");
    assert_eq!(body("a <<E\nb\\\nE\nE\n"), "bE\n", "a continued line is no delimiter");
    assert_eq!(body("a <<E\nb"), "b");
    assert_eq!(parse("a <<A <<B; c\n1\nA\n2\nB\nd\n").len(), 2);
}

#[test]
fn a_here_document_without_its_delimiter_is_warned_about() {
    let (mut parser, pools) = (Parser::of_text("a\nb <<E\nc\n", 1), Pools::default());
    assert!(parser.next_command(&NoAliases, &pools).is_ok() && parser.take_warning().is_none());
    assert!(parser.next_command(&NoAliases, &pools).is_ok());
    let warning = parser.take_warning().expect("a warning");
    assert_eq!((warning.line(), warning.message()), (2, "warning: the here-document is not closed by \"E\"".into()));
}

#[test]
fn aliases_are_spliced_in() {
    let with = |aliases: &[(&'static str, &'static str)], text: &str| {
        let aliases = Aliases(aliases.iter().copied().collect());
        printed(&parse_with(&aliases, text).unwrap_or_else(|error| unreachable!("{text:?}: {error:?}")))
    };
    assert_eq!(with(&[("a", "b c")], "a d; x a"), "b c d x a");
    assert_eq!(with(&[("a", "a b")], "a"), "a b");
    assert_eq!(with(&[("a", "b x"), ("b", "a y")], "a; b"), "a y x b x y");
    assert_eq!(with(&[("a", "b "), ("b", "a ")], "a a a"), "a a a");
    assert_eq!(with(&[("a", "x "), ("b", "y")], "a b b"), "x y b");
    assert_eq!(with(&[("a", "x "), ("b", "y ")], "a b b b"), "x y y y");
    assert_eq!(with(&[("a", "x "), ("b", "y")], "a \\\nb"), "x y");
    assert_eq!(with(&[("ab", "x")], "a\\\nb c"), "x c");
    assert_eq!(with(&[("a", "if x; then")], "a y; fi"), "if x then y fi");
    assert_eq!(with(&[("a", "x 'y")], "a z'"), "x 'y z'");
    assert_eq!(with(&[("a", "x\ny")], "a z\nb"), "x y z b");
    assert_eq!(with(&[("a", "x")], "\\a; 'a'; \"a\"; a$b"), "'a' 'a' \"a\" a$b");
    assert_eq!(with(&[("a", "x")], "v=1 a; >f a"), "v=1 x x >f");
    assert_eq!(with(&[("if", "x")], "if a; then b; fi"), "if a then b fi");
    assert_eq!(with(&[("a", "cat <<E\n1\nE")], "a\nb"), "cat <<E 1 E b");
    assert_eq!(with(&[("a", "")], "a b"), "b");
    assert_eq!(with(&[("a", "x #")], "a b\nc"), "x c");
}
