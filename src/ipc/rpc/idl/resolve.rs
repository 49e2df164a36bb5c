//! Names to what they stand for: constants to numbers, types to their descriptions.

use super::Source;
use super::tree::{self, Declaration, Definition, Ident, Size, Specifier, UnionBody, Value};
use crate::ipc::rpc::interface::{Field, Interface, Length, NamedType, Procedure, Program, Type, Union, Version};
use crate::status::Error;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// A type that files use without defining it, because C's <rpc/xdr.h> does.
const NETOBJ: Type = Type::Opaque(Length::Variable(1024));

/// Collects the definitions of some files, and then looks up their names: a type may be used before it is defined.
#[derive(Default)]
pub struct Resolver {
    files: Vec<(Source, Vec<Definition>)>,
    interface: Interface,
    types: HashMap<String, usize>,
    constants: HashMap<String, i64>,
    /// Names for constants that have another name, or for something that is no constant.
    aliases: BTreeMap<String, String>,
}

/// What is wrong, and how much was left to read at it in the current file.
type Wrong = super::lexical::Problem;

fn wrong(name: &Ident, what: String) -> Wrong {
    Wrong { left: name.left, what }
}

impl Resolver {
    /// One file more.
    pub fn add(&mut self, source: Source, definitions: Vec<Definition>) {
        self.files.push((source, definitions));
    }

    /// Everything together.
    pub fn finish(mut self) -> Result<Interface, Error> {
        let files = std::mem::take(&mut self.files);
        self.aliases = files.iter().flat_map(|(source, _)| source.aliases.iter().cloned()).collect();
        for (source, definitions) in &files {
            for definition in definitions {
                self.declare(definition).map_err(|wrong| source.error(wrong.left, &wrong.what))?;
            }
        }
        let new = self.aliases.keys().filter(|name| !self.constants.contains_key(*name));
        let new: Vec<_> = new.filter_map(|name| Some((name.clone(), self.constant(name)?))).collect();
        self.interface.constants.extend(new);
        // Programs come last: the fields of an argument are known when all types are, and end.
        for programs in [false, true] {
            for (source, definitions) in &files {
                let chosen = definitions.iter().filter(|next| matches!(next, Definition::Program(..)) == programs);
                for definition in chosen {
                    self.define(definition).map_err(|wrong| source.error(wrong.left, &wrong.what))?;
                }
            }
            let mut looks = vec![Look::New; self.interface.types.len()];
            for id in 0..self.interface.types.len() {
                if self.is_endless(&Type::Named(id), &mut looks) {
                    let name = &self.interface.types[id].name;
                    return Err(Error::usage(format!("the type {name} contains itself without end: use `*` or `<>`")));
                }
            }
        }
        Ok(self.interface)
    }

    /// First round: the names of types, and constants.
    fn declare(&mut self, definition: &Definition) -> Result<(), Wrong> {
        match definition {
            Definition::Constant(name, value) => {
                let number = self.number(value)?;
                self.add_constant(name, number)
            }
            Definition::Typedef(Declaration { name, specifier, .. }) => {
                self.enum_members(specifier)?;
                // `typedef struct name name;` repeats what C needs and XDR has anyway.
                let repeats = matches!(specifier, Specifier::Named(same) if same.text == name.text);
                if repeats { Ok(()) } else { self.add_type(name) }
            }
            Definition::Type(name, specifier) => {
                self.enum_members(specifier)?;
                self.add_type(name)
            }
            Definition::Program(_, versions, _) => {
                let mut procedures = versions.iter().flat_map(|version| &version.procedures);
                procedures.try_for_each(|procedure| {
                    let arguments = procedure.arguments.iter().map(|(specifier, ..)| specifier);
                    let result = procedure.result.iter().map(|(specifier, _)| specifier);
                    arguments.chain(result).try_for_each(|specifier| self.enum_members(specifier))
                })
            }
            Definition::Text => Ok(()),
        }
    }

    fn add_type(&mut self, name: &Ident) -> Result<(), Wrong> {
        if self.types.insert(name.text.clone(), self.interface.types.len()).is_some() {
            return Err(wrong(name, format!("the type {} is defined twice", name.text)));
        }
        self.interface.types.push(NamedType { name: name.text.clone(), kind: Type::Void });
        Ok(())
    }

    fn add_constant(&mut self, name: &Ident, number: i64) -> Result<(), Wrong> {
        if self.constants.insert(name.text.clone(), number).is_some_and(|old| old != number) {
            return Err(wrong(name, format!("{} is defined twice, with different values", name.text)));
        }
        self.interface.constants.push((name.text.clone(), number));
        Ok(())
    }

    /// The members of an enum are constants, wherever the enum stands.
    fn enum_members(&mut self, specifier: &Specifier) -> Result<(), Wrong> {
        match specifier {
            Specifier::Enum(members) => {
                let mut next = 0;
                for (name, value) in members {
                    let number = match value {
                        Some(value) => self.number(value)?,
                        None => next,
                    };
                    if i32::try_from(number).is_err() {
                        return Err(wrong(name, format!("{number} does not fit into an enum, which has 32 bits")));
                    }
                    self.add_constant(name, number)?;
                    next = number + 1;
                }
                Ok(())
            }
            Specifier::Struct(fields) => fields.iter().try_for_each(|field| self.enum_members(&field.specifier)),
            Specifier::Union(body) => {
                let arms = body.cases.iter().filter_map(|(_, arm)| arm.as_ref());
                let arms = arms.chain(body.default.iter().flatten()).chain([&body.discriminant]);
                arms.into_iter().try_for_each(|arm| self.enum_members(&arm.specifier))
            }
            _ => Ok(()),
        }
    }

    fn number(&self, value: &Value) -> Result<i64, Wrong> {
        match value {
            Value::Number(number) => Ok(*number),
            Value::Name(name) => match &*name.text {
                "TRUE" => Ok(1),
                "FALSE" => Ok(0),
                "MAXNETNAMELEN" => Ok(255), // from <rpc/auth.h>
                text => self.constant(text).ok_or_else(|| wrong(name, format!("{text}: no such constant"))),
            },
        }
    }

    fn constant<'a>(&'a self, mut name: &'a str) -> Option<i64> {
        // As many steps as there are names are enough: what is left is a circle.
        for _ in 0..=self.aliases.len() {
            match self.constants.get(name) {
                Some(number) => return Some(*number),
                None => name = self.aliases.get(name)?,
            }
        }
        None
    }

    fn unsigned(&self, value: &Value, near: &Ident) -> Result<u32, Wrong> {
        let number = self.number(value)?;
        u32::try_from(number).map_err(|_| wrong(near, format!("{number} is no 32-bit number without a sign")))
    }

    /// Second round: what the names stand for.
    fn define(&mut self, definition: &Definition) -> Result<(), Wrong> {
        match definition {
            Definition::Constant(..) | Definition::Text => {}
            Definition::Typedef(Declaration { name, specifier: Specifier::Named(same), .. })
                if same.text == name.text =>
            {
                self.named(same)?;
            }
            Definition::Typedef(declaration) => {
                let kind = self.declared(declaration)?;
                self.set_type(&declaration.name, kind);
            }
            Definition::Type(name, specifier) => {
                let kind = self.specified(specifier)?;
                self.set_type(name, kind);
            }
            Definition::Program(name, versions, number) => {
                let versions = versions.iter().map(|version| self.version(version)).collect::<Result<_, _>>()?;
                let number = self.unsigned(number, name)?;
                self.interface.programs.push(Program { name: name.text.clone(), number, versions });
            }
        }
        Ok(())
    }

    fn set_type(&mut self, name: &Ident, kind: Type) {
        if let Some(&id) = self.types.get(&name.text) {
            self.interface.types[id].kind = kind;
        }
    }

    fn named(&self, name: &Ident) -> Result<Type, Wrong> {
        match self.types.get(&name.text) {
            Some(id) => Ok(Type::Named(*id)),
            None if name.text == "netobj" => Ok(NETOBJ),
            None => Err(wrong(name, format!("{}: no such type", name.text))),
        }
    }

    fn declared(&self, declaration: &Declaration) -> Result<Type, Wrong> {
        self.sized(&declaration.specifier, &declaration.size, &declaration.name)
    }

    fn sized(&self, specifier: &Specifier, size: &Size, near: &Ident) -> Result<Type, Wrong> {
        let most = |most: &Option<Value>| most.as_ref().map_or(Ok(u32::MAX), |most| self.unsigned(most, near));
        Ok(match (specifier, size) {
            (Specifier::String, Size::Variable(longest)) => Type::String(most(longest)?),
            (Specifier::String, _) => Type::String(u32::MAX),
            (Specifier::Opaque, Size::Fixed(count)) => Type::Opaque(Length::Fixed(self.unsigned(count, near)?)),
            (Specifier::Opaque, Size::Variable(longest)) => Type::Opaque(Length::Variable(most(longest)?)),
            (Specifier::Opaque, _) => Type::Opaque(Length::Variable(u32::MAX)),
            (_, Size::One) => self.specified(specifier)?,
            (_, Size::Fixed(count)) => {
                Type::Array(Rc::new(self.specified(specifier)?), Length::Fixed(self.unsigned(count, near)?))
            }
            (_, Size::Variable(longest)) => {
                Type::Array(Rc::new(self.specified(specifier)?), Length::Variable(most(longest)?))
            }
            (_, Size::Optional) => Type::Optional(Rc::new(self.specified(specifier)?)),
        })
    }

    fn specified(&self, specifier: &Specifier) -> Result<Type, Wrong> {
        Ok(match specifier {
            Specifier::Integer { signed, bits } => Type::Integer { signed: *signed, bits: *bits },
            Specifier::Float => Type::Float,
            Specifier::Double => Type::Double,
            Specifier::Bool => Type::Bool,
            Specifier::String => Type::String(u32::MAX),
            Specifier::Opaque => Type::Opaque(Length::Variable(u32::MAX)),
            Specifier::Named(name) => self.named(name)?,
            Specifier::Enum(members) => {
                let member = |(name, _): &(Ident, _)| {
                    let number = self.constants.get(&name.text).copied().and_then(|number| i32::try_from(number).ok());
                    (name.text.clone(), number.unwrap_or_default())
                };
                Type::Enum(Rc::new(members.iter().map(member).collect()))
            }
            Specifier::Struct(fields) => {
                Type::Struct(Rc::new(fields.iter().map(|field| self.field(field)).collect::<Result<_, _>>()?))
            }
            Specifier::Union(body) => Type::Union(Rc::new(self.union(body)?)),
        })
    }

    fn field(&self, declaration: &Declaration) -> Result<Field, Wrong> {
        Ok(Field { name: declaration.name.text.clone(), kind: self.declared(declaration)? })
    }

    fn arm(&self, declaration: Option<&Declaration>) -> Result<Option<Field>, Wrong> {
        declaration.map(|declaration| self.field(declaration)).transpose()
    }

    fn union(&self, body: &UnionBody) -> Result<Union, Wrong> {
        let discriminant = self.field(&body.discriminant)?;
        let mut arms: Vec<(i64, Option<Field>)> = Vec::new();
        for (values, declaration) in &body.cases {
            let arm = self.arm(declaration.as_ref())?;
            for value in values {
                let number = self.number(value)?;
                if arms.iter().any(|(known, _)| *known == number) {
                    return Err(wrong(&body.discriminant.name, format!("the union has two arms for {number}")));
                }
                arms.push((number, arm.clone()));
            }
        }
        let default = body.default.as_ref().map(|arm| self.arm(arm.as_ref())).transpose()?;
        Ok(Union { discriminant, arms, default })
    }

    fn version(&self, version: &tree::Version) -> Result<Version, Wrong> {
        let mut procedures: Vec<Procedure> = Vec::new();
        for procedure in &version.procedures {
            let next = self.procedure(procedure)?;
            if procedures.iter().any(|known| known.number == next.number) {
                return Err(wrong(&procedure.name, format!("two procedures have the number {}", next.number)));
            }
            procedures.push(next);
        }
        let number = self.unsigned(&version.number, &version.name)?;
        Ok(Version { name: version.name.text.clone(), number, procedures })
    }

    fn procedure(&self, procedure: &tree::Procedure) -> Result<Procedure, Wrong> {
        let mut arguments = Vec::new();
        for (index, (specifier, size, name)) in procedure.arguments.iter().enumerate() {
            let kind = self.sized(specifier, size, name.as_ref().unwrap_or(&procedure.name))?;
            let name = name.as_ref().map_or_else(|| format!("arg{}", index + 1), |name| name.text.clone());
            arguments.push(Field { name, kind });
        }
        // The fields of a single struct stand on the wire as several arguments do.
        if let [Field { kind: Type::Named(_), .. }] = &arguments[..]
            && let Type::Struct(fields) = self.interface.resolve(&arguments[0].kind)
        {
            arguments = fields.to_vec();
        }
        let result = match &procedure.result {
            Some((specifier, size)) => self.sized(specifier, size, &procedure.name)?,
            None => Type::Void,
        };
        let number = self.unsigned(&procedure.number, &procedure.name)?;
        Ok(Procedure { name: procedure.name.text.clone(), number, arguments, result })
    }

    /// Whether a value of the type would have to hold another one of it, and so have no end.
    fn is_endless(&self, kind: &Type, looks: &mut [Look]) -> bool {
        let mut inside = |kind: &Type| self.is_endless(kind, looks);
        match kind {
            Type::Named(id) => match looks[*id] {
                Look::Now => true,
                Look::Ends => false,
                Look::New => {
                    looks[*id] = Look::Now;
                    let found = self.is_endless(&self.interface.types[*id].kind, looks);
                    looks[*id] = if found { Look::New } else { Look::Ends };
                    found
                }
            },
            Type::Struct(fields) => fields.iter().any(|field| inside(&field.kind)),
            Type::Array(element, Length::Fixed(count)) => *count > 0 && inside(element),
            // A union ends where some arm does not go on; one without such an arm is as endless as a struct.
            Type::Union(union) => {
                let arms = union.arms.iter().map(|(_, arm)| arm).chain(&union.default);
                arms.into_iter().all(|arm| arm.as_ref().is_some_and(|field| inside(&field.kind)))
            }
            _ => false,
        }
    }
}

/// What is known of a type while endless ones are looked for.
#[derive(Clone, Copy)]
enum Look {
    New,
    /// It is being looked at: to meet it again is a circle.
    Now,
    Ends,
}
