//! The options in the source of a manual page.
//!
//! A page is a text in roff with the macros of man(7) or mdoc(7). It is not formatted here: the lists in it are found, whose entries are a
//! tag (`-a, --all`) and a few words about it. A tag stands behind a request that begins an entry or a paragraph, and its text
//! ends with the next such request.

use std::mem;

/// An option, as a page tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// `-a`, `--all`.
    pub name: String,
    /// What is said about it, up to the end of its first sentence.
    pub about: String,
    /// An argument must follow behind `=`.
    pub takes_value: bool,
}

/// The options of a page, each once, in its order.
pub fn options(page: &str) -> Vec<Described> {
    let mut reader = Reader::default();
    let mut is_definition = false;
    for line in page.lines() {
        // What a page defines for itself is not part of its text.
        match line.trim_end() {
            ".." => is_definition = false,
            line if line.starts_with(".de ") => is_definition = true,
            _ if is_definition => {}
            line => reader.line(line),
        }
    }
    reader.end_entry();
    reader.options
}

#[derive(Default)]
struct Reader {
    options: Vec<Described>,
    /// An entry or a paragraph begins: the next text may be a tag.
    begins: bool,
    /// The tags whose text is being collected.
    tags: Vec<String>,
    text: String,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let Some(request) = line.strip_prefix(['.', '\'']).map(str::trim_start) else {
            return if line.is_empty() { self.begin() } else { self.text(&plain(line)) };
        };
        let (name, rest) = request.split_once([' ', '\t']).unwrap_or((request, ""));
        match name {
            "SH" | "Sh" | "SS" | "Ss" => self.end_entry(),
            "TP" | "TQ" | "HP" | "PP" | "P" | "LP" | "Pp" | "sp" => self.begin(),
            "IP" => {
                self.begin();
                if let Some(tag) = arguments(rest).first() {
                    self.text(&plain(tag));
                }
            }
            "It" => {
                self.begin();
                self.text(&semantic(rest));
            }
            "RE" if !self.text.is_empty() => self.end_entry(),
            "B" | "I" | "SM" | "SB" => self.text(&plain(&arguments(rest).join(" "))),
            "BR" | "RB" | "IR" | "RI" | "BI" | "IB" => self.text(&plain(&arguments(rest).concat())),
            "Nm" | "Fl" | "Ar" | "Cm" | "Xr" | "Pa" | "Ql" | "Dq" | "Sq" | "Em" | "Sy" | "Ic" | "Li" | "Ev" | "Va" => {
                self.text(&semantic(request))
            }
            _ => {}
        }
    }

    /// Tags that follow each other without a text share the one that comes.
    fn begin(&mut self) {
        if !self.text.is_empty() {
            self.end_entry();
        }
        self.begins = true;
    }

    fn text(&mut self, text: &str) {
        /// More than that is not shown.
        const ENOUGH: usize = 200;
        if mem::take(&mut self.begins) && text.starts_with('-') {
            self.tags.push(text.to_owned());
        } else if !self.tags.is_empty() && self.text.len() < ENOUGH {
            self.text.push(' ');
            self.text.push_str(text);
        }
    }

    fn end_entry(&mut self) {
        let text = mem::take(&mut self.text);
        let words: Vec<_> = text.split_whitespace().collect();
        let ends = |word: &&str| {
            word.len() > 1 && word.ends_with('.') && !word.ends_with("..") && !matches!(*word, "i.e." | "e.g." | "etc.")
        };
        let count = words.iter().position(ends).map_or(words.len(), |at| at + 1);
        let about = words[..count].join(" ");
        let about = if words[..count].last().is_some_and(ends) { &about[..about.len() - 1] } else { &about };
        for tag in mem::take(&mut self.tags) {
            for (name, takes_value) in names(&tag) {
                if !self.options.iter().any(|known| known.name == name) {
                    self.options.push(Described { name, about: about.to_owned(), takes_value });
                }
            }
        }
    }
}

/// The options in a tag: `-o, --output=FILE`; whether a value must follow behind `=`.
fn names(tag: &str) -> Vec<(String, bool)> {
    let mut names = Vec::new();
    let mut expected = true;
    for word in tag.replace("/-", ", -").replace('|', ", ").split_whitespace() {
        let is_option = expected && word.starts_with('-');
        if is_option {
            for word in either(word) {
                let end = word.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.+?@#%".contains(c));
                let name = word[..end.unwrap_or(word.len())].trim_end_matches('.');
                if name.chars().any(|c| c != '-') {
                    names.push((name.to_owned(), word[name.len()..].starts_with('=')));
                }
            }
        }
        // Others follow behind a comma, or behind an option without an argument.
        expected = word.ends_with(',') || word == "or" || is_option;
    }
    names
}

/// `--[no-]verify` is two options.
fn either(word: &str) -> Vec<String> {
    match (word.find('['), word.find(']')) {
        (Some(open), Some(close)) if open < close && word[open + 1..close].ends_with('-') => {
            vec![[&word[..open], &word[close + 1..]].concat(), word.replace(['[', ']'], "")]
        }
        _ => vec![word.to_owned()],
    }
}

/// The arguments of a request: words, or between quotes.
fn arguments(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end;
        (end, rest) = match rest.strip_prefix('"') {
            Some(inner) => inner.split_once('"').unwrap_or((inner, "")),
            None => rest.split_once([' ', '\t']).unwrap_or((rest, "")),
        };
        found.push(end);
        rest = rest.trim_start();
    }
    found
}

/// The text of a line of mdoc(7)'s macros: `Fl` puts a hyphen before the next word, the others change its look only.
fn semantic(line: &str) -> String {
    let mut text = String::new();
    let mut hyphens = String::new();
    for word in arguments(line) {
        match word {
            "Fl" => hyphens.push('-'),
            "," | "." | ";" | ":" | ")" | "|" => text.push_str(word),
            "Ns" | "Xo" | "Xc" | "Oo" | "Oc" | "Op" | "Ar" | "Cm" | "Xr" | "Pa" | "Ql" | "Dq" | "Sq" | "Em" | "Sy"
            | "Ic" | "Li" | "Ev" | "Va" | "Nm" => {}
            word => {
                if !text.is_empty() {
                    text.push(' ');
                }
                text.push_str(&mem::take(&mut hyphens));
                text.push_str(&plain(word));
            }
        }
    }
    text
}

/// A text without roff's escapes: fonts, colours and movements are left out, special characters become themselves.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let mut characters = rest.chars();
        let Some(escape) = characters.next() else { break };
        rest = characters.as_str();
        match escape {
            '-' => out.push('-'),
            'e' => out.push('\\'),
            ' ' | '~' | '0' | 't' => out.push(' '),
            '\'' | '`' => out.push('\''),
            '(' | '[' => out.push_str(special(name(escape, &mut rest))),
            'f' | '*' | 'm' | 's' | 'n' | 'F' | 'k' | 'g' => {
                let name = if escape == 's' { size(&mut rest) } else { escaped_name(&mut rest) };
                if escape == '*' {
                    out.push_str(special(name));
                }
            }
            'h' | 'v' | 'w' | 'l' | 'L' | 'N' | 'o' | 'b' | 'D' | 'x' | 'S' | 'H' => {
                // Their argument stands between two of the same character.
                if let Some(delimiter) = rest.chars().next() {
                    let inner = &rest[delimiter.len_utf8()..];
                    rest = inner.split_once(delimiter).map_or("", |(_, behind)| behind);
                }
            }
            '"' | '#' => return out,
            _ => {}
        }
    }
    out.push_str(rest);
    out
}

/// The name behind an escape: `x`, `(xx` or `[xxx]`.
fn escaped_name<'a>(rest: &mut &'a str) -> &'a str {
    let Some(first) = rest.chars().next() else { return "" };
    let behind = &rest[first.len_utf8()..];
    if first == '(' || first == '[' {
        *rest = behind;
        return name(first, rest);
    }
    let one = &rest[..first.len_utf8()];
    *rest = behind;
    one
}

/// The rest of `(xx` or `[xxx]`.
fn name<'a>(open: char, rest: &mut &'a str) -> &'a str {
    let (name, behind) = if open == '(' {
        let end = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
        rest.split_at(end)
    } else {
        rest.split_once(']').unwrap_or((rest, ""))
    };
    *rest = behind;
    name
}

/// The rest of `\s-1`, `\s10`.
fn size<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '-' && c != '+').unwrap_or(rest.len());
    let (size, behind) = rest.split_at(end);
    *rest = behind;
    size
}

/// A special character of groff_char(7), as far as pages use them in words.
fn special(name: &str) -> &'static str {
    match name {
        "aq" | "cq" | "oq" | "ga" | "aa" => "'",
        "dq" | "lq" | "rq" | "L\"" | "R\"" => "\"",
        "hy" | "en" | "mi" => "-",
        "em" => " - ",
        "rs" => "\\",
        "ti" => "~",
        "ha" => "^",
        "at" => "@",
        "sh" => "#",
        "Do" => "$",
        "bv" | "or" => "|",
        "co" => "(c)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn has(page: &str, wanted: &[(&str, &str)]) {
        let found = options(page);
        let found: Vec<_> = found.iter().map(|option| (&option.name[..], &option.about[..])).collect();
        assert_eq!(found, wanted, "in {page:?}");
    }

    #[test]
    fn lists_of_all_the_common_forms_are_read() {
        // By hand and by help2man, as GNU's programs.
        has(
            ".SH DESCRIPTION\nNot one: -x.\n.TP\n\\fB\\-a\\fR, \\fB\\-\\-all\\fR\ndo not ignore .\n.TP\n.BR \\-b \", \" \\-\\-by=\\fIN\\fR\nBy N. More.\n",
            &[("-a", "do not ignore ."), ("--all", "do not ignore ."), ("-b", "By N"), ("--by", "By N")],
        );
        // DocBook and AsciiDoc, as git and systemd.
        has(
            ".PP\n\\fB\\-\\-user\\fR\n.RS 4\nTalk to the user\\(aqs\nmanager\\&. And so on.\n.RE\n.PP\nA paragraph.\n",
            &[("--user", "Talk to the user's manager")],
        );
        // Perl's pages.
        has(".IP \"\\fB\\-0\\fR[\\fIdigits\\fR]\" 4\n.IX Item \"-0\"\nsays it.\n", &[("-0", "says it")]);
        // mdoc(7), as ssh and the BSDs.
        has(
            ".Bl -tag -width Ds\n.It Fl 4\nUse\n.Ar inet\nonly.\n.It Fl B Ar address , Fl Fl bind Ar address\nBind.\n.El\n",
            &[("-4", "Use inet only"), ("-B", "Bind"), ("--bind", "Bind")],
        );
        // Several tags with one text.
        has(".TP\n\\-x\n.TQ\n\\-\\-ex\nBoth.\n", &[("-x", "Both"), ("--ex", "Both")]);
    }

    #[test]
    fn a_tag_tells_names_from_their_arguments() {
        let of = |tag: &str| names(tag).into_iter().map(|(name, value)| if value { name + "=" } else { name });
        for (tag, wanted) in [
            ("-o FILE, --output=FILE", "-o --output="),
            ("--color[=WHEN]", "--color"),
            ("--[no-]verify", "--verify --no-verify"),
            ("-n/--dry-run", "-n --dry-run"),
            ("-l | --list", "-l --list"),
            ("-x file -y", "-x"),
            ("-std=c99", "-std="),
            ("--", ""),
        ] {
            assert_eq!(of(tag).collect::<Vec<_>>().join(" "), wanted, "{tag}");
        }
    }

    #[test]
    fn escapes_are_left_out() {
        assert_eq!(
            plain("\\fB\\-a\\fP\\s-1X\\s0 \\f[B]b\\m[blue]c\\m[] \\h'+01'd\\*(L\"e\\*(R\" \\eq\\c"),
            "-aX bc d\"e\" \\q"
        );
        assert_eq!(plain("x \\\" a comment"), "x ");
        for broken in ["\\", "\\f", "\\f(", "\\f[x", "\\h'", "\\(a", "\\*"] {
            assert_eq!(plain(broken), "", "{broken}");
        }
    }
}
