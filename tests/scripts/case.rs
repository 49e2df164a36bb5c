//! The format of the `.test` files, which `README.md` in this folder describes: text in, cases out.

use std::fmt;

/// One case: a script, and what it must do.
#[derive(Debug, Default)]
pub struct Case {
    /// What the case shows, in words.
    pub name: String,
    /// The line of the file in which the case begins.
    pub line: usize,
    /// The script.
    pub code: String,
    /// The exit status that the shell must have.
    pub status: Status,
    /// All of its standard output.
    pub stdout: Vec<u8>,
    /// Texts that its standard error must contain.
    pub stderr_has: Vec<String>,
    /// Its standard error must be empty.
    pub stderr_is_empty: bool,
    /// Its standard input; `/dev/null` if there is none.
    pub stdin: Option<String>,
    /// The case is skipped where one of these is missing.
    pub needs: Vec<Need>,
    /// The case holds for ipcsh and not for every POSIX shell.
    pub only_ipcsh: bool,
}

/// An expected exit status.
#[derive(Debug)]
pub enum Status {
    /// `## status: 3`
    Exactly(i32),
    /// `## status: >0`: the standard asks for a failure and leaves the number open; an end by a signal does not count.
    Failure,
}

impl Default for Status {
    fn default() -> Status {
        Status::Exactly(0)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Exactly(status) => write!(f, "{status}"),
            Status::Failure => f.write_str(">0"),
        }
    }
}

/// What a case needs of the machine or of the user.
#[derive(Debug)]
pub enum Need {
    /// A locale with UTF-8.
    Utf8,
    /// Not to be root: for permissions that root does not feel.
    User,
    /// To be root.
    Root,
    /// A program in `PATH`.
    Program(String),
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Need::Utf8 => "utf8",
            Need::User => "user",
            Need::Root => "root",
            Need::Program(name) => name,
        })
    }
}

/// Reads the cases of one file. An error starts with the number of its line.
pub fn parse(text: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    let mut in_code = false;
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    while let Some((number, line)) = lines.next() {
        if let Some(name) = line.strip_prefix("#### ") {
            if cases.iter().any(|case| case.name == name) {
                return Err(format!("{number}: a second case with the name {name:?}"));
            }
            cases.push(Case { name: name.to_string(), line: number, ..Case::default() });
            in_code = true;
            continue;
        }
        let Some(case) = cases.last_mut() else {
            match line.is_empty() || line.starts_with('#') {
                true => continue,
                false => return Err(format!("{number}: text before the first case")),
            }
        };
        if let Some(block) = line.strip_prefix("## STD") {
            in_code = false;
            let mut body = String::new();
            loop {
                match lines.next() {
                    Some((_, "## END")) => break,
                    Some((_, line)) => body.extend([line, "\n"]),
                    None => return Err(format!("{number}: this block has no ## END")),
                }
            }
            match block {
                "OUT:" => case.stdout = body.into_bytes(),
                "IN:" => case.stdin = Some(body),
                _ => return Err(format!("{number}: unknown block {line:?}")),
            }
        } else if let Some(directive) = line.strip_prefix("## ") {
            in_code = false;
            apply(case, directive).map_err(|what| format!("{number}: {what}"))?;
        } else if in_code {
            case.code.extend([line, "\n"]);
        } else if !line.is_empty() {
            return Err(format!("{number}: code after the expectations"));
        }
    }
    Ok(cases)
}

/// Notes one line `## key: value`.
fn apply(case: &mut Case, directive: &str) -> Result<(), String> {
    let (key, value) = directive.split_once(':').ok_or_else(|| format!("no colon in {directive:?}"))?;
    let value = value.strip_prefix(' ').unwrap_or(value);
    match (key, value) {
        ("status", ">0") => case.status = Status::Failure,
        ("status", _) => case.status = Status::Exactly(value.parse().map_err(|_| format!("not a status: {value:?}"))?),
        ("stdout", _) => case.stdout = format!("{value}\n").into_bytes(),
        ("stdout-json", _) => {
            let text = json_string(value).ok_or_else(|| format!("not a JSON string: {value}"))?;
            case.stdout = text.into_bytes();
        }
        ("stderr", "empty") => case.stderr_is_empty = true,
        ("stderr-has", _) => case.stderr_has.push(value.to_string()),
        ("stdin", _) => case.stdin = Some(format!("{value}\n")),
        ("needs", "utf8") => case.needs.push(Need::Utf8),
        ("needs", "user") => case.needs.push(Need::User),
        ("needs", "root") => case.needs.push(Need::Root),
        ("needs", _) => case.needs.push(Need::Program(value.to_string())),
        ("only", "ipcsh") => case.only_ipcsh = true,
        _ => return Err(format!("unknown expectation {directive:?}")),
    }
    Ok(())
}

/// The value of a JSON string, quotes included; `None` if it is not one. (No surrogate pairs: write the character itself.)
fn json_string(text: &str) -> Option<String> {
    let mut value = String::new();
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?.chars();
    while let Some(c) = rest.next() {
        value.push(match c {
            '"' => return None,
            '\\' => match rest.next()? {
                c @ ('"' | '\\' | '/') => c,
                'b' => '\x08',
                'f' => '\x0c',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits: String = rest.by_ref().take(4).collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                }
                _ => return None,
            },
            c => c,
        });
    }
    Some(value)
}

#[test]
fn a_case_has_code_and_expectations() {
    let text = "# about this file\n\n#### first\necho a\n\n## stdout: a\n## status: 3\n\n#### second\ncat\n## STDIN:\nx\n## END\n\
                ## STDOUT:\nx\n## END\n## stdout-json: \"\\u00e4\\n\"\n## needs: utf8\n## status: >0\n";
    let cases = parse(text).expect("a correct file");
    assert_eq!(cases.len(), 2);
    assert_eq!((cases[0].name.as_str(), cases[0].line), ("first", 3));
    assert_eq!(cases[0].code, "echo a\n\n");
    assert_eq!(cases[0].stdout, b"a\n");
    assert!(matches!(cases[0].status, Status::Exactly(3)));
    assert_eq!(cases[1].stdin.as_deref(), Some("x\n"));
    assert_eq!(cases[1].stdout, "ä\n".as_bytes());
    assert!(matches!(cases[1].needs[..], [Need::Utf8]));
    assert!(matches!(cases[1].status, Status::Failure));
}

#[test]
fn a_mistake_in_a_file_is_an_error_with_its_line() {
    for (text, error) in [
        ("echo\n", "1: text before"),
        ("#### a\n## stdut: x\n", "2: unknown"),
        ("#### a\n## STDOUT:\nx\n", "2: this block has no"),
        ("#### a\necho\n## status: 0\necho\n", "4: code after"),
        ("#### a\n## stdout-json: \"\\q\"\n", "2: not a JSON string"),
        ("#### a\n#### a\n", "2: a second case"),
    ] {
        let got = parse(text).expect_err(text);
        assert!(got.starts_with(error), "{text:?}: {got}");
    }
}
