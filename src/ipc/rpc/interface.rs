//! What an interface file means: types, constants, programs with versions and procedures, with all names resolved.
//!
//! The caller's stub and the server's stub are made from this one description, so both put the same bytes on the wire; without it each
//! side would have its own idea of what an `int` is. `idl` makes it from text, `xdr` moves values by it, `text` shows them to people.

use std::rc::Rc;

/// The number of a named type in [`Interface::types`].
pub type TypeId = usize;

/// A type of XDR (RFC 4506, section 4).
#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    /// Nothing.
    Void,
    /// An integer; on the wire 4 bytes, or 8 for 64 bits. 8 and 16 bits are rpcgen's `char` and `short`.
    Integer {
        /// Whether it has a sign.
        signed: bool,
        /// 8, 16, 32 or 64.
        bits: u8,
    },
    /// IEEE single precision.
    Float,
    /// IEEE double precision.
    Double,
    /// 0 or 1.
    Bool,
    /// Text of at most so many bytes.
    String(u32),
    /// Bytes.
    Opaque(Length),
    /// Elements of one type.
    Array(Rc<Type>, Length),
    /// A value or nothing: `type *name`.
    Optional(Rc<Type>),
    /// One of some named integers.
    Enum(Rc<Vec<(String, i32)>>),
    /// Fields, one behind the other.
    Struct(Rc<Vec<Field>>),
    /// A discriminant, and the field that it chooses.
    Union(Rc<Union>),
    /// A type with a name: what makes recursion possible.
    Named(TypeId),
}

/// How many bytes or elements there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Exactly so many: `[n]`.
    Fixed(u32),
    /// At most so many, with the number before them: `<n>`.
    Variable(u32),
}

/// A name and its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The name.
    pub name: String,
    /// The type.
    pub kind: Type,
}

/// A discriminated union. An arm without a field is `void`.
#[derive(Clone, Debug, PartialEq)]
pub struct Union {
    /// An integer, enum or bool.
    pub discriminant: Field,
    /// The arms, by value.
    pub arms: Vec<(i64, Option<Field>)>,
    /// The arm for all other values; without it those are errors.
    pub default: Option<Option<Field>>,
}

/// A named type.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedType {
    /// The name.
    pub name: String,
    /// What it stands for.
    pub kind: Type,
}

/// A remote program (RFC 5531, section 12).
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The name.
    pub name: String,
    /// The number by which rpcbind knows it.
    pub number: u32,
    /// Its versions.
    pub versions: Vec<Version>,
}

/// A version of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// The name.
    pub name: String,
    /// The number.
    pub number: u32,
    /// What can be called.
    pub procedures: Vec<Procedure>,
}

/// A procedure.
#[derive(Clone, Debug, PartialEq)]
pub struct Procedure {
    /// The name.
    pub name: String,
    /// The number; 0 is the procedure that does nothing, which every program has.
    pub number: u32,
    /// The arguments, which go one behind the other. Those of a single struct are its fields.
    pub arguments: Vec<Field>,
    /// The result.
    pub result: Type,
}

/// An interface: everything that a `.x` file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interface {
    /// Named types.
    pub types: Vec<NamedType>,
    /// Constants, and the members of enums.
    pub constants: Vec<(String, i64)>,
    /// Programs.
    pub programs: Vec<Program>,
}

/// Where a procedure is: what a caller needs to name it on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The program.
    pub program: &'a Program,
    /// The version.
    pub version: &'a Version,
    /// The procedure.
    pub procedure: &'a Procedure,
}

impl Interface {
    /// What a type is when its names are looked up.
    pub fn resolve<'a>(&'a self, mut kind: &'a Type) -> &'a Type {
        while let Type::Named(id) = kind {
            kind = &self.types[*id].kind;
        }
        kind
    }

    /// The fields of the elements of a linked list, if an optional of this type is one: a struct that ends with an optional of itself, the link.
    pub fn list_fields<'a>(&'a self, element: &'a Type) -> Option<&'a [Field]> {
        let Type::Struct(fields) = self.resolve(element) else { return None };
        let Type::Optional(next) = self.resolve(&fields.last()?.kind) else { return None };
        matches!(self.resolve(next), Type::Struct(same) if Rc::ptr_eq(same, fields)).then_some(fields)
    }

    /// A type by its name.
    pub fn type_named(&self, name: &str) -> Option<TypeId> {
        self.types.iter().position(|known| known.name == name)
    }

    /// All procedures.
    pub fn procedures(&self) -> impl Iterator<Item = Found<'_>> {
        self.programs.iter().flat_map(|program| {
            program.versions.iter().flat_map(move |version| {
                version.procedures.iter().map(move |procedure| Found { program, version, procedure })
            })
        })
    }

    /// A procedure: by its name alone in the highest version that has it, or with the number or name of the version.
    pub fn procedure(&self, version: Option<&str>, name: &str) -> Option<Found<'_>> {
        self.procedures()
            .filter(|found| found.procedure.name == name)
            .filter(|found| version.is_none_or(|wanted| found.version.has_label(wanted)))
            .max_by_key(|found| found.version.number)
    }
}

impl Version {
    /// Whether the version has this name or number.
    pub fn has_label(&self, label: &str) -> bool {
        self.name == label || label.parse() == Ok(self.number)
    }
}
