//! The tree that the grammar gives: what the text says, with names as they stand there.

/// A name. Two are equal when their texts are, wherever they stand.
#[derive(Clone, Debug, Eq)]
pub struct Ident {
    /// The name.
    pub text: String,
    /// How much was left to read at it.
    pub left: usize,
}

impl PartialEq for Ident {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// A constant, or the name of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(i64),
    /// A name.
    Name(Ident),
}

/// What stands before the name in a declaration.
#[derive(Clone, Debug, PartialEq)]
pub enum Specifier {
    /// `int`, `unsigned hyper` ...
    Integer {
        /// Whether it has a sign.
        signed: bool,
        /// 8, 16, 32 or 64.
        bits: u8,
    },
    /// `float`
    Float,
    /// `double`
    Double,
    /// `bool`
    Bool,
    /// `string`
    String,
    /// `opaque`
    Opaque,
    /// `enum { ... }`: names and their values.
    Enum(Vec<(Ident, Option<Value>)>),
    /// `struct { ... }`
    Struct(Vec<Declaration>),
    /// `union switch ...`
    Union(Box<UnionBody>),
    /// The name of a type.
    Named(Ident),
}

/// What stands behind the name in a declaration.
#[derive(Clone, Debug, PartialEq)]
pub enum Size {
    /// Nothing.
    One,
    /// `[n]`
    Fixed(Value),
    /// `<n>` or `<>`
    Variable(Option<Value>),
    /// `*`, which stands before the name.
    Optional,
}

/// A declaration that is not `void`.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    /// The type.
    pub specifier: Specifier,
    /// The name.
    pub name: Ident,
    /// What makes several of one.
    pub size: Size,
}

/// The body of a union; an arm that is `None` is `void`.
#[derive(Clone, Debug, PartialEq)]
pub struct UnionBody {
    /// What chooses the arm.
    pub discriminant: Declaration,
    /// The values of each arm, and the arm.
    pub cases: Vec<(Vec<Value>, Option<Declaration>)>,
    /// The arm for all other values.
    pub default: Option<Option<Declaration>>,
}

/// A definition.
#[derive(Clone, Debug, PartialEq)]
pub enum Definition {
    /// `const A = 1`
    Constant(Ident, Value),
    /// A constant that is a text, which rpcgen hands on to C. No value on the wire has such a type.
    Text,
    /// `typedef int a<>`
    Typedef(Declaration),
    /// `enum a ...`, `struct a ...`, `union a ...`
    Type(Ident, Specifier),
    /// `program A { ... } = 1`
    Program(Ident, Vec<Version>, Value),
}

/// A version of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// The name.
    pub name: Ident,
    /// What can be called.
    pub procedures: Vec<Procedure>,
    /// The number.
    pub number: Value,
}

/// An argument: its type, what makes several of one, and its name if it has one.
pub type Argument = (Specifier, Size, Option<Ident>);

/// A procedure.
#[derive(Clone, Debug, PartialEq)]
pub struct Procedure {
    /// The type of the result; `None` is `void`.
    pub result: Option<(Specifier, Size)>,
    /// The name.
    pub name: Ident,
    /// The arguments.
    pub arguments: Vec<Argument>,
    /// The number.
    pub number: Value,
}
