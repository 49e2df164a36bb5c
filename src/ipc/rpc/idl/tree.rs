//! The tree that the grammar gives: what the text says, with names as they stand there.

/// A name, and how much was left to read at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ident {
    pub text: String,
    pub left: usize,
}

/// A constant, or the name of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Number(i64),
    Name(Ident),
}

/// What stands before the name in a declaration.
#[derive(Clone, Debug, PartialEq)]
pub enum Specifier {
    Integer { signed: bool, bits: u8 },
    Float,
    Double,
    Bool,
    String,
    Opaque,
    Enum(Vec<(Ident, Option<Value>)>),
    Struct(Vec<Declaration>),
    Union(Box<UnionBody>),
    Named(Ident),
}

/// What stands behind the name in a declaration.
#[derive(Clone, Debug, PartialEq)]
pub enum Size {
    One,
    Fixed(Value),
    Variable(Option<Value>),
    Optional,
}

/// A declaration that is not `void`.
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    pub specifier: Specifier,
    pub name: Ident,
    pub size: Size,
}

/// The body of a union; `None` is `void`.
#[derive(Clone, Debug, PartialEq)]
pub struct UnionBody {
    pub discriminant: Declaration,
    pub cases: Vec<(Vec<Value>, Option<Declaration>)>,
    pub default: Option<Option<Declaration>>,
}

/// A definition.
#[derive(Clone, Debug, PartialEq)]
pub enum Definition {
    Constant(Ident, Value),
    /// A constant that is a text, which rpcgen hands on to C. No value on the wire has such a type.
    Text,
    Typedef(Declaration),
    Type(Ident, Specifier),
    Program(Ident, Vec<Version>, Value),
}

/// A version of a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    pub name: Ident,
    pub procedures: Vec<Procedure>,
    pub number: Value,
}

/// A procedure; `None` is `void`.
#[derive(Clone, Debug, PartialEq)]
pub struct Procedure {
    pub result: Option<(Specifier, Size)>,
    pub name: Ident,
    pub arguments: Vec<(Specifier, Size, Option<Ident>)>,
    pub number: Value,
}
