//! Makes random programs of a grammar. What a grammar cannot say is here: where blanks stand, and what `? ... ?` means.

use crate::ebnf::{Grammar, Node};
use std::collections::BTreeMap;

/// A small generator of random numbers (xorshift), the same in each run.
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..4 {
            random.below(2);
        }
        random
    }

    /// A number from 0 to below the limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit
    }

    /// True once in so many times.
    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

/// Characters; ordinary ones are more frequent.
const CHARACTERS: &[&str] = &[
    "a", "b", "x", "Y", "z", "a", "b", "x", "Y", "z", "0", "1", "7", "_", ".", "/", "-", "+", "%", ",", ":", "=", "@",
    "*", "?", "[", "]", "~", "^", "é", "!", "{", "}", "#", "'", "\"", "\\", "$", "`", ";", "&", "|", "<", ">", "(",
    ")", " ", "\t",
];

const RESERVED: &[&str] = &["!", "{", "}"];

/// A here-document whose body is still to come.
struct Waiting {
    delimiter: String,
    quoted: bool,
    tabs: bool,
}

/// One program in the making.
pub struct Generator<'g> {
    grammar: &'g Grammar,
    /// How many levels a production needs at least.
    heights: &'g BTreeMap<String, usize>,
    random: Random,
    out: String,
    waiting: Vec<Waiting>,
    /// Whether what is marked as an extension may be used.
    extensions: bool,
    /// The last item has no separator: unless what closes the list comes next, it gets one.
    unterminated: bool,
    /// No blank before the next token.
    tight: bool,
    /// Here-documents are possible: not in backquotes and not in other here-documents.
    here_documents: bool,
    /// Inside of backquotes there are none.
    backquotes: bool,
    in_double: bool,
    /// From this length on the program is brought to its end.
    most: usize,
}

/// How many levels each production needs at least, so that a program comes to an end.
pub fn heights(grammar: &Grammar) -> BTreeMap<String, usize> {
    let mut heights = BTreeMap::new();
    loop {
        let before = heights.len();
        for (name, production) in grammar {
            if !heights.contains_key(name)
                && let Some(height) = height(&production.node, &heights)
            {
                heights.insert(name.clone(), height + 1);
            }
        }
        if heights.len() == before {
            return heights;
        }
    }
}

/// How many levels a node needs at least; `None`: that is not yet known.
pub fn height(node: &Node, heights: &BTreeMap<String, usize>) -> Option<usize> {
    match node {
        Node::Choice(choices) => choices.iter().filter_map(|choice| height(choice, heights)).min(),
        Node::Sequence(elements) => {
            elements.iter().map(|element| height(element, heights)).try_fold(0, |most, height| Some(height?.max(most)))
        }
        Node::Repeat(_) | Node::Option(_) | Node::Terminal(_) => Some(0),
        Node::Special(text) if text.starts_with("a list") => heights.get("list").copied(),
        Node::Special(text) if text.starts_with("an expression") => heights.get("arith_expression").copied(),
        Node::Special(_) => Some(0),
        Node::Name(name) => heights.get(name).copied(),
        Node::Except(node, _) => height(node, heights),
        // Never the way out of a recursion: it may not be allowed.
        Node::Extension(_) => None,
    }
}

/// What a production gives.
pub fn program(
    grammar: &Grammar,
    heights: &BTreeMap<String, usize>,
    start: &str,
    seed: u64,
    levels: usize,
    extensions: bool,
) -> String {
    let mut generator = Generator {
        grammar,
        heights,
        random: Random::new(seed),
        out: String::new(),
        waiting: Vec::new(),
        extensions,
        unterminated: false,
        tight: false,
        here_documents: true,
        backquotes: true,
        in_double: false,
        most: 10 + seed as usize % 700,
    };
    generator.name(start, levels);
    generator.out
}

impl Generator<'_> {
    fn node(&mut self, node: &Node, file: &str, levels: usize) {
        let levels = if self.out.len() < self.most { levels } else { 0 };
        match node {
            Node::Choice(choices) => {
                let fits = |choice: &&Node| height(choice, self.heights).is_some_and(|height| height <= levels);
                let allowed = |choice: &&Node| self.extensions || !matches!(choice, Node::Extension(_));
                let mut possible: Vec<&Node> = choices
                    .iter()
                    .filter(allowed)
                    .filter(|choice| match choice {
                        Node::Extension(inner) => fits(&&**inner),
                        choice => fits(choice),
                    })
                    .collect();
                if possible.is_empty() {
                    possible.extend(
                        choices
                            .iter()
                            .filter(allowed)
                            .min_by_key(|node| height(node, self.heights).unwrap_or(usize::MAX)),
                    );
                }
                let choice = possible[self.random.below(possible.len())];
                self.node(choice, file, levels);
            }
            Node::Sequence(elements) => elements.iter().for_each(|element| self.node(element, file, levels)),
            Node::Repeat(inner) => {
                while levels > 2 && self.out.len() < self.most && self.random.chance(2) {
                    self.node(inner, file, levels);
                }
            }
            Node::Option(inner) => {
                if (self.extensions || !matches!(**inner, Node::Extension(_))) && levels > 2 && self.random.chance(2) {
                    self.node(inner, file, levels);
                }
            }
            Node::Extension(inner) => {
                if self.extensions {
                    self.node(inner, file, levels);
                }
            }
            Node::Terminal(text) => self.token(text, file),
            Node::Special(text) => self.special(text, file, levels),
            Node::Name(name) => self.name(name, levels.saturating_sub(1)),
            Node::Except(node, except) => {
                let except = texts(except);
                let start = self.out.len();
                loop {
                    self.node(node, file, levels);
                    if !except.iter().any(|text| self.out[start..] == *text) {
                        break;
                    }
                    self.out.truncate(start);
                }
            }
        }
    }

    fn name(&mut self, name: &str, levels: usize) {
        let production = &self.grammar.get(name).unwrap_or_else(|| panic!("no production {name}"));
        match name {
            "here_document" if !self.here_documents => return self.token("< a", "shell"),
            "bodies" => return self.bodies(levels),
            "delimiter" => {
                let tabs = self.out.ends_with('-');
                self.blank();
                let start = self.out.len();
                self.node(&production.node, &production.file, levels);
                let text = &self.out[start..];
                let delimiter = text.replace(['\'', '"', '\\'], "");
                self.waiting.push(Waiting { quoted: delimiter != text, delimiter, tabs });
                return;
            }
            // The body of one that waits would begin in the middle of the substitution.
            "dollar" | "backquoted" if !self.waiting.is_empty() => return self.out.push_str("$1"),
            "backquoted" if !self.backquotes => return self.out.push_str("$2"),
            // In double quotes it is an ordinary character, and what follows is not quoted.
            "single_quoted" if self.in_double => return self.out.push('s'),
            // dash looks for the bodies behind the newline of `for a in b` one line later.
            "for_words" if !self.waiting.is_empty() => return self.out.push_str(" a ;"),
            _ => {}
        }
        let is_token = matches!(production.file.as_str(), "word");
        if is_token && self.tight_depth() {
            self.separate(None);
            self.blank();
        }
        let start = self.out.len();
        let was_tight = self.tight;
        if is_token {
            self.tight = true;
        }
        let was_double = self.in_double;
        self.in_double |= name == "double_quoted";
        self.node(&production.node, &production.file, levels);
        self.in_double = was_double;
        if is_token && !was_tight {
            self.tight = false;
            if RESERVED.contains(&&self.out[start..]) {
                self.out.push('a');
            }
        }
        if name == "io_number" {
            self.tight = true;
        }
    }

    /// Whether a token of its own begins, and not the next element of one.
    fn tight_depth(&self) -> bool {
        !self.tight
    }

    /// The separator that the last item lacks, unless `token` closes the list.
    fn separate(&mut self, token: Option<&str>) {
        if std::mem::take(&mut self.unterminated) && !matches!(token, Some(")" | ";;" | ";&" | ";" | "&")) {
            self.out.push_str(" ;");
        }
    }

    fn blank(&mut self) {
        if self.tight {
            return;
        }
        match self.random.below(24) {
            0 => self.out.push_str(" \\\n "),
            1 => self.out.push('\t'),
            _ => self.out.push(' '),
        }
    }

    fn token(&mut self, text: &str, file: &str) {
        if file == "word" || file == "pattern" {
            self.out.push_str(text);
            return;
        }
        if file == "shell" {
            self.separate(Some(text));
            if std::mem::take(&mut self.tight) {
                self.out.push_str(text);
                return;
            }
        }
        self.blank();
        self.out.push_str(text);
    }

    fn special(&mut self, text: &str, file: &str, levels: usize) {
        match text {
            "a newline" if file == "word" => self.out.push(if self.waiting.is_empty() { '\n' } else { 'n' }),
            "a newline" | "the end of the input" => {
                self.unterminated = false;
                if self.random.chance(8) {
                    self.out.push_str(" # a 'comment");
                }
                self.out.push('\n');
                if text == "the end of the input" {
                    self.bodies(levels);
                }
            }
            "nothing, if what closes the list follows" => self.unterminated = true,
            "any character but a newline" => {
                let character = CHARACTERS[self.random.below(CHARACTERS.len())];
                self.out.push_str(character);
            }
            "an expansion" => {
                let expansions = ["$x", "${x}", "$1", "${x:-1}", "$(:)", "$#"];
                self.out.push(' ');
                let expansion = expansions[self.random.below(expansions.len())];
                self.out.push_str(expansion);
            }
            "an expression of arith.ebnf" => {
                let tight = std::mem::replace(&mut self.tight, false);
                self.name("arith_expression", levels);
                self.tight = tight;
            }
            "a list of shell.ebnf" => self.list(levels),
            "a list of shell.ebnf, with a backslash before each backslash and backquote" => {
                let start = self.out.len();
                let before = (self.here_documents, self.backquotes);
                (self.here_documents, self.backquotes) = (false, false);
                self.list(levels);
                (self.here_documents, self.backquotes) = before;
                let inner = self.out.split_off(start);
                // What quotes in backquotes in quotes mean, the standard leaves open.
                let inner = if self.in_double && inner.contains(['"', '\'', '\\']) { " : ".to_owned() } else { inner };
                self.out.push_str(&inner.replace('\\', "\\\\").replace('`', "\\`"));
            }
            "a tab" => self.out.push('\t'),
            other => panic!("the generator does not know ? {other} ?"),
        }
    }

    fn list(&mut self, levels: usize) {
        let double = std::mem::replace(&mut self.in_double, false);
        let tight = std::mem::replace(&mut self.tight, false);
        let waiting = std::mem::take(&mut self.waiting);
        self.out.push(' ');
        self.name("list", levels);
        self.unterminated = false;
        if !self.waiting.is_empty() {
            self.out.push('\n');
            self.bodies(levels);
        }
        self.waiting = waiting;
        self.tight = tight;
        self.in_double = double;
    }

    fn bodies(&mut self, levels: usize) {
        for document in std::mem::take(&mut self.waiting) {
            let here_documents = std::mem::replace(&mut self.here_documents, false);
            while !self.random.chance(3) {
                if document.tabs && self.random.chance(2) {
                    self.out.push('\t');
                }
                if document.quoted {
                    self.out.push_str("a $( ` \\ \"${ '\n");
                    continue;
                }
                let tight = std::mem::replace(&mut self.tight, true);
                let double = std::mem::replace(&mut self.in_double, true);
                self.out.push_str("line ");
                self.name("double_character", levels);
                self.name("double_escape", levels);
                self.name("dollar", levels.saturating_sub(1));
                self.out.push('\n');
                self.tight = tight;
                self.in_double = double;
            }
            self.here_documents = here_documents;
            if document.tabs && self.random.chance(2) {
                self.out.push('\t');
            }
            self.out.push_str(&document.delimiter);
            self.out.push('\n');
        }
    }
}

/// The terminals of a choice.
fn texts(node: &Node) -> Vec<String> {
    match node {
        Node::Choice(choices) => choices.iter().flat_map(texts).collect(),
        Node::Terminal(text) => vec![text.clone()],
        Node::Special(text) if text == "a tab" => vec!["\t".into()],
        other => panic!("not a choice of terminals: {other:?}"),
    }
}
