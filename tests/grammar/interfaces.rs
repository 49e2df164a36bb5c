//! Makes random interface files from `grammar/xdr.ebnf`, and prints what the parser made of them. What a grammar cannot say is here: a name is
//! defined once and before it is used, and numbers that must differ do.

use crate::ebnf::Node;
use crate::generate::{Random, height, heights};
use ipcsh::ipc::rpc::idl::tree::{Declaration, Definition, Ident, Size, Specifier, UnionBody, Value};
use std::collections::BTreeMap;

/// Interface files with their seeds, small ones first. Without `extensions` in the language of rpcgen.
pub fn texts(count: u64, extensions: bool) -> impl Iterator<Item = (u64, String)> {
    let grammar = crate::grammar(&["xdr"]);
    let heights = heights(&grammar);
    (1..=count).map(move |seed| {
        let mut text = Text {
            nodes: grammar.iter().map(|(name, production)| (name.as_str(), &production.node)).collect(),
            heights: &heights,
            random: Random::new(seed),
            extensions,
            out: String::new(),
            most: 20 + seed as usize % 900,
            path: Vec::new(),
            last: 0,
            constants: Vec::new(),
            types: Vec::new(),
            defined: Vec::new(),
        };
        while text.out.len() < text.most {
            text.name("definition", 4 + seed as usize % 12);
        }
        (seed, text.out)
    })
}

/// A file in the making.
struct Text<'g> {
    nodes: BTreeMap<&'g str, &'g Node>,
    heights: &'g BTreeMap<String, usize>,
    random: Random,
    extensions: bool,
    out: String,
    /// From this length on it is brought to its end.
    most: usize,
    /// The productions around the place, the innermost last.
    path: Vec<&'g str>,
    /// The last number, which is also in the last name.
    last: u32,
    /// Constants that may be the length of something, and types.
    constants: Vec<String>,
    types: Vec<String>,
    /// Types whose definition has begun and not ended.
    defined: Vec<String>,
}

impl<'g> Text<'g> {
    fn node(&mut self, node: &'g Node, levels: usize) {
        let levels = if self.out.len() < self.most { levels } else { 0 };
        match node {
            Node::Choice(choices) => {
                let needed = |node: &Node| match node {
                    Node::Extension(inner) => height(inner, self.heights),
                    node => height(node, self.heights),
                };
                let allowed = |choice: &&Node| self.extensions || !matches!(choice, Node::Extension(_));
                let choices: Vec<&Node> = choices.iter().filter(allowed).collect();
                let least = choices.iter().filter_map(|node| needed(node)).min().unwrap_or(0);
                let fits = |node: &&&Node| needed(node).is_some_and(|needed| needed <= levels.max(least));
                let possible: Vec<&Node> = choices.iter().filter(fits).copied().collect();
                let choice = self.random.below(possible.len());
                self.node(possible[choice], levels);
            }
            Node::Sequence(elements) => elements.iter().for_each(|element| self.node(element, levels)),
            Node::Repeat(inner) => {
                while levels > 2 && self.out.len() < self.most && self.random.chance(2) {
                    self.node(inner, levels);
                }
            }
            Node::Option(inner) if self.random.chance(2) => self.node(inner, levels),
            Node::Extension(inner) if self.extensions => self.node(inner, levels),
            Node::Option(_) | Node::Extension(_) => {}
            Node::Terminal(text) => self.token(text),
            Node::Name(name) => self.name(name, levels.saturating_sub(1)),
            Node::Except(..) | Node::Special(_) => panic!("the generator does not know this: {node:?}"),
        }
    }

    fn token(&mut self, text: &str) {
        self.out.push_str(match self.random.below(20) {
            0 => "\n",
            1 => "\t/* a comment { */ ",
            _ => " ",
        });
        self.out.push_str(text);
    }

    fn fresh(&mut self) -> String {
        self.last += 1;
        format!("{}{}", ["n", "_x", "N_1_"][self.random.below(3)], self.last)
    }

    fn name(&mut self, name: &'g str, levels: usize) {
        let outer = self.path.last().copied().unwrap_or_default();
        match name {
            "identifier" => return self.identifier(outer),
            "value" => return self.value(outer),
            "text" => return self.token("\"a text; with { marks\""),
            // A union is chosen by an integer.
            "declaration" if outer == "union_body" => {
                let number = self.fresh();
                let kind = ["int", "unsigned int", "long"][self.random.below(3)];
                return self.token(&format!("{kind} {number}"));
            }
            _ => {}
        }
        let node = self.nodes.get(name).unwrap_or_else(|| panic!("no production {name}"));
        self.path.push(name);
        self.node(node, levels);
        self.path.pop();
        // Not before its end: it would contain itself.
        if ["enum_def", "struct_def", "union_def"].contains(&name) {
            self.types.extend(self.defined.pop());
        }
    }

    /// A new name where one is defined, an old one where one is used.
    fn identifier(&mut self, outer: &str) {
        if outer == "type_specifier" {
            // There may be none yet: the word before, if there is one, wants a name all the same.
            if self.types.is_empty() {
                let word = self.out.rsplit([' ', '\n', '\t']).next().unwrap_or_default().len();
                if ["enum", "struct", "union"].iter().any(|keyword| self.out.ends_with(keyword)) {
                    self.out.truncate(self.out.len() - word);
                }
                return self.token("int");
            }
            let index = self.random.below(self.types.len());
            let name = self.types[index].clone();
            return self.token(&name);
        }
        let name = self.fresh();
        self.token(&name);
        match outer {
            "enum_def" | "struct_def" | "union_def" => self.defined.push(name),
            "declaration" if self.path.len() >= 2 && self.path[self.path.len() - 2] == "typedef" => {
                self.types.push(name)
            }
            "enum_member" => self.constants.push(name),
            _ => {}
        }
    }

    /// A number that no other value has, or, where numbers need not differ, a constant.
    fn value(&mut self, outer: &str) {
        let repeats = ["size", "declaration"].contains(&outer);
        if repeats && !self.constants.is_empty() && self.random.chance(3) {
            let name = self.constants[self.random.below(self.constants.len())].clone();
            return self.token(&name);
        }
        self.last += 1;
        let number = self.last;
        if outer == "constant_def" && self.random.chance(4) {
            return self.token(&format!("-{number}"));
        }
        let text = match self.random.below(4) {
            0 => format!("0x{number:x}"),
            1 => format!("0{number:o}"),
            _ => number.to_string(),
        };
        self.token(&text);
    }
}

/// The text of definitions.
pub fn print(definitions: &[Definition]) -> String {
    definitions.iter().map(|next| format!("{};\n", definition(next))).collect()
}

fn definition(definition: &Definition) -> String {
    match definition {
        Definition::Constant(name, number) => format!("const {} = {}", name.text, value(number)),
        Definition::Text => String::from("const text = \"\""),
        Definition::Typedef(declared) => format!("typedef {}", declaration(declared)),
        Definition::Type(name, Specifier::Union(body)) => format!("union {} {}", name.text, union(body)),
        Definition::Type(name, specifier) => {
            let text = self::specifier(specifier);
            let (keyword, body) = text.split_once(' ').expect("a keyword and a body");
            format!("{keyword} {} {body}", name.text)
        }
        Definition::Program(name, versions, number) => {
            let procedure = |procedure: &ipcsh::ipc::rpc::idl::tree::Procedure| {
                let void = String::from("void");
                let result = procedure.result.as_ref();
                let result = result.map_or(void.clone(), |(kind, size)| sized(&specifier(kind), size, None));
                let argument =
                    |(kind, size, name): &(_, _, Option<Ident>)| sized(&specifier(kind), size, name.as_ref());
                let arguments: Vec<String> = procedure.arguments.iter().map(argument).collect();
                let arguments = if arguments.is_empty() { void } else { arguments.join(", ") };
                format!("{result} {}({arguments}) = {};", procedure.name.text, value(&procedure.number))
            };
            let version = |version: &ipcsh::ipc::rpc::idl::tree::Version| {
                let procedures: String = version.procedures.iter().map(procedure).collect();
                format!("version {} {{ {procedures} }} = {};", version.name.text, value(&version.number))
            };
            let versions: String = versions.iter().map(version).collect();
            format!("program {} {{ {versions} }} = {}", name.text, value(number))
        }
    }
}

fn value(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Name(name) => name.text.clone(),
    }
}

fn declaration(declared: &Declaration) -> String {
    sized(&specifier(&declared.specifier), &declared.size, Some(&declared.name))
}

fn sized(kind: &str, size: &Size, name: Option<&Ident>) -> String {
    let name = name.map_or("", |name| &name.text);
    match size {
        Size::One => format!("{kind} {name}"),
        Size::Optional => format!("{kind} *{name}"),
        Size::Fixed(count) => format!("{kind} {name}[{}]", value(count)),
        Size::Variable(most) => format!("{kind} {name}<{}>", most.as_ref().map(value).unwrap_or_default()),
    }
}

fn specifier(specifier: &Specifier) -> String {
    match specifier {
        Specifier::Integer { signed, bits } => {
            let name = match bits {
                8 => "char",
                16 => "short",
                32 => "int",
                _ => "hyper",
            };
            format!("{}{name}", if *signed { "" } else { "unsigned " })
        }
        Specifier::Float => "float".into(),
        Specifier::Double => "double".into(),
        Specifier::Bool => "bool".into(),
        Specifier::String => "string".into(),
        Specifier::Opaque => "opaque".into(),
        Specifier::Named(name) => name.text.clone(),
        Specifier::Enum(members) => {
            let member = |(name, number): &(Ident, Option<Value>)| match number {
                Some(number) => format!("{} = {}", name.text, value(number)),
                None => name.text.clone(),
            };
            format!("enum {{ {} }}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Specifier::Struct(fields) => {
            format!("struct {{ {} }}", fields.iter().map(|field| declaration(field) + "; ").collect::<String>())
        }
        Specifier::Union(body) => format!("union {}", union(body)),
    }
}

fn union(body: &UnionBody) -> String {
    let arm = |arm: &Option<Declaration>| arm.as_ref().map_or(String::from("void"), declaration);
    let case = |(values, declared): &(Vec<Value>, Option<Declaration>)| {
        let values: String = values.iter().map(|number| format!("case {}: ", value(number))).collect();
        format!("{values}{};", arm(declared))
    };
    let default = body.default.as_ref().map(|declared| format!("default: {};", arm(declared))).unwrap_or_default();
    let cases: String = body.cases.iter().map(case).collect();
    format!("switch ({}) {{ {cases}{default} }}", declaration(&body.discriminant))
}
