//! The grammar files define the language: every production has a parser function with the same line above it, every parser function
//! has a production, and random programs of the grammar are parsed, printed, and parsed again.

// A test says what is wrong by panicking, also outside of the functions that are marked as tests.
#![allow(clippy::panic)]

#[path = "grammar/ebnf.rs"]
mod ebnf;
#[path = "grammar/generate.rs"]
mod generate;
#[path = "grammar/interfaces.rs"]
mod interfaces;

use ebnf::Grammar;
use ipcsh::syntax::ast::{Atom, List};
use ipcsh::syntax::{NoAliases, Parser, Pools, pattern, print};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

fn grammar(files: &[&str]) -> Grammar {
    let mut grammar = Grammar::new();
    for file in files {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("grammar").join(file).with_extension("ebnf");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        ebnf::read(&mut grammar, file, &text);
    }
    grammar
}

/// A parser function: its name, and the EBNF above it.
struct Function {
    name: String,
    line: String,
    /// It returns what parser functions return.
    parses: bool,
}

fn functions(file: &str) -> Vec<Function> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut functions = Vec::new();
    let mut above: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(signature) = line.strip_prefix("pub fn ").or_else(|| line.strip_prefix("fn ")) {
            let name = signature.split(['(', '<']).next().unwrap_or_default();
            let parses = signature.contains("-> Parsed<") || signature.contains("-> Result<Expression>");
            functions.push(Function { name: name.into(), line: above.join(" "), parses });
        }
        match line.strip_prefix("// ") {
            Some(comment) if comment.contains(" = ") || !above.is_empty() => above.push(comment.trim()),
            _ if line.starts_with("///") || line.starts_with("#[") => {}
            _ => above.clear(),
        }
    }
    functions
}

/// Which grammar file describes which source files.
const SOURCES: &[(&[&str], &[&str])] = &[
    (
        &["shell", "word"],
        &[
            "syntax/list.rs",
            "syntax/command.rs",
            "syntax/compound.rs",
            "syntax/heredoc.rs",
            "syntax/word.rs",
            "syntax/escape.rs",
            "syntax/parameter.rs",
            "syntax/substitution.rs",
        ],
    ),
    (&["arith"], &["syntax/arith.rs"]),
    (&["pattern"], &["syntax/pattern.rs"]),
    (&["xdr"], &["ipc/rpc/idl/grammar.rs", "ipc/rpc/idl/lexical.rs"]),
];

/// Functions with the type of a parser function that only make a failure, begin at the start, or go past blanks and aliases.
const NO_PRODUCTION: &[&str] = &["fail", "unclosed", "expect", "parse", "bad", "before_keyword", "before_item"];

#[test]
fn productions_and_functions_are_the_same() {
    let mut wrong = Vec::new();
    for (files, sources) in SOURCES {
        let grammar = grammar(files);
        let functions: Vec<Function> = sources.iter().flat_map(|file| functions(file)).collect();
        for (name, production) in grammar.iter().filter(|(_, production)| !production.is_terminal) {
            match functions.iter().find(|function| function.name == *name && !function.line.is_empty()) {
                None => wrong.push(format!("{name}: no function in {sources:?} with its line above it")),
                Some(function) if function.line != production.text => wrong.push(format!(
                    "{name}: above the function stands\n  {}\nand in the file\n  {}",
                    function.line, production.text
                )),
                Some(_) => {}
            }
        }
        let names: BTreeSet<&str> = grammar.keys().map(String::as_str).collect();
        for function in functions.iter().filter(|function| function.parses) {
            let name = function.name.as_str();
            if !names.contains(name) && !NO_PRODUCTION.contains(&name) {
                wrong.push(format!("the parser function {name} has no production"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn parse(text: impl AsRef<[u8]>) -> Result<Vec<List>, String> {
    let mut parser = Parser::of_text(text.as_ref(), 1);
    let pools = Pools::default();
    let mut lists = Vec::new();
    loop {
        match parser.next_command(&NoAliases, &pools) {
            Ok(Some(list)) => lists.push(list),
            Ok(None) => return Ok(lists),
            Err(ipcsh::syntax::ParseError::Syntax(error)) => {
                return Err(format!("line {}: {}", error.line(), error.message()));
            }
            Err(other) => return Err(format!("{other:?}")),
        }
    }
}

fn print(lists: &[List]) -> Vec<u8> {
    lists.iter().flat_map(|list| print::list(list).to_vec()).collect()
}

/// Random programs, small ones first.
fn programs(count: u64, extensions: bool) -> Vec<String> {
    let grammar = grammar(&["shell", "word"]);
    let mut all = grammar;
    all.extend(ebnf::prefixed(&self::grammar(&["arith"]), "arith_"));
    let heights = generate::heights(&all);
    (0..count)
        .map(|seed| {
            let levels = 10 + seed as usize % 20;
            generate::program(&all, &heights, "complete_command", seed + 1, levels, extensions)
        })
        .collect()
}

#[test]
fn random_programs_are_parsed_and_printed() {
    for program in programs(8000, true) {
        check_program(&program);
    }
}

fn check_program(program: &str) {
    let lists = parse(program).unwrap_or_else(|error| panic!("not accepted: {error}\n{program}"));
    let printed = print(&lists);
    let shown = String::from_utf8_lossy(&printed);
    let again = parse(&printed).unwrap_or_else(|error| {
        panic!("what was printed is not accepted: {error}\n--- program\n{program}\n--- printed\n{shown}")
    });
    let flat = |lists: &[List]| lists.iter().flat_map(|list| list.items.to_vec()).collect::<Vec<_>>();
    assert!(flat(&lists) == flat(&again), "printed is another program\n--- program\n{program}\n--- printed\n{shown}");
    assert_eq!(printed, print(&again), "printing is not stable\n--- program\n{program}");
}

#[test]
fn dash_accepts_the_programs_without_extensions() {
    if Command::new("dash").arg("-c").arg(":").status().is_err() {
        println!("skipped: needs dash");
        return;
    }
    // Not where cargo builds: the tests also run as a user who may not write there.
    let directory = std::env::temp_dir();
    let accepts = |name: &str, text: &str| {
        let path = directory.join(format!("ipcsh-{}-{name}", std::process::id()));
        fs::write(&path, text).expect("a file");
        let output = Command::new("dash").arg("-n").arg(&path).stdin(Stdio::null()).output().expect("dash");
        fs::remove_file(&path).expect("the file is there");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (number, batch) in programs(5000, false).chunks(50).enumerate() {
        for program in batch {
            check_program(program);
        }
        let name = format!("grammar-{number}.sh");
        if accepts(&name, &batch.concat()).0 {
            continue;
        }
        for program in batch {
            let (accepted, message) = accepts(&name, program);
            assert!(accepted, "dash does not accept this: {message}\n{program}");
        }
        panic!("dash accepts each program of a batch, and not all together: {name}");
    }
}

#[test]
fn random_brackets_are_bracket_expressions() {
    let grammar = grammar(&["pattern"]);
    let heights = generate::heights(&grammar);
    for seed in 1..1000 {
        let text = generate::program(&grammar, &heights, "bracket", seed, 6, true);
        let pattern = pattern::pattern(text.as_bytes());
        assert!(matches!(&pattern.atoms[..], [Atom::Bracket(_)]), "{text:?} is parsed as {pattern:?}");
    }
}

/// The check of names can fail, and the generator makes programs of some size.
#[test]
fn the_checks_can_fail() {
    let all: String = programs(500, true).concat();
    for construct in
        ["case ", "<<", "$((", "$(", "`", "${", "while ", "for ", "elif ", "( )", "&&", "|", "2>", ";&", "$'"]
    {
        assert!(all.contains(construct), "no program has {construct}");
    }
    assert!(parse("if a; then b").is_err() && parse("a )").is_err() && parse("case x in a) ;; b").is_err());
}

/// Random interface files are read, printed, and read again as the same; and every name in them is found.
#[test]
fn random_interfaces_are_parsed_and_printed() {
    for (seed, text) in interfaces::texts(3000, true) {
        let parse = |text: &str| ipcsh::ipc::rpc::idl::definitions("random.x", text.as_bytes());
        let definitions = parse(&text).unwrap_or_else(|error| panic!("seed {seed}: {}\n{text}", error.message()));
        let printed = interfaces::print(&definitions);
        let again = parse(&printed).unwrap_or_else(|error| {
            panic!("seed {seed}: what was printed: {}\n{text}\n--- printed\n{printed}", error.message())
        });
        assert!(definitions == again, "seed {seed}: printed is another interface\n{text}\n--- printed\n{printed}");
        if let Err(error) = ipcsh::ipc::rpc::idl::parse("random.x", text.as_bytes()) {
            panic!("seed {seed}: {}\n{text}", error.message());
        }
    }
}

#[test]
fn rpcgen_accepts_the_interfaces_without_extensions() {
    if Command::new("rpcgen").arg("--version").output().is_err() {
        return println!("skipped: needs rpcgen");
    }
    let path = std::env::temp_dir().join(format!("ipcsh-{}.x", std::process::id()));
    for (seed, text) in interfaces::texts(150, false) {
        fs::write(&path, &text).expect("a file");
        let output = Command::new("rpcgen").arg("-h").arg(&path).stdin(Stdio::null()).output().expect("rpcgen");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "seed {seed}: rpcgen does not accept this: {message}\n{text}");
    }
    fs::remove_file(&path).expect("the file is there");
}
