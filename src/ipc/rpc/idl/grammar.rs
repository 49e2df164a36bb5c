//! The grammar of the RPC language: text to a tree in which names are not yet looked up.
//!
//! Each function is the EBNF line above it. It follows RFC 4506 and, where files in the field go beyond, rpcgen: `unsigned` alone,
//! `char`, `short`, `long`, `struct name` as a type, enums without values, named arguments.

use super::lexical::{
    Input, Parsed, behind_keyword, blanks, expect, fail, identifier, is_name, keyword, mark, peek_word, value,
};
use super::tree::{Argument, Declaration, Definition, Ident, Procedure, Size, Specifier, UnionBody, Value, Version};
use nom::Parser;

/// How many brackets may be open: each takes some stack.
const MOST_BRACKETS: usize = 200;

// specification = { definition } ;
pub fn specification(input: Input<'_>) -> Parsed<'_, Vec<Definition>> {
    if let Some(deep) = too_deep(input) {
        return fail(deep, "nested too deeply");
    }
    let mut found = Vec::new();
    let mut input = blanks(input);
    while !input.is_empty() {
        let (rest, next) = definition(input)?;
        found.push(next);
        input = blanks(rest);
    }
    Ok((input, found))
}

/// The place where more brackets are open than [`MOST_BRACKETS`].
fn too_deep(input: Input<'_>) -> Option<Input<'_>> {
    let mut depth = 0usize;
    let place = input.iter().position(|byte| {
        match byte {
            b'{' | b'(' => depth += 1,
            b'}' | b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MOST_BRACKETS
    });
    place.map(|place| &input[place..])
}

// definition = ( constant_def | typedef | enum_def | struct_def | union_def | program_def ) , ";" ;
fn definition(input: Input<'_>) -> Parsed<'_, Definition> {
    let (rest, found) = match peek_word(input) {
        b"const" => constant_def(input)?,
        b"typedef" => typedef(input)?,
        b"enum" => enum_def(input)?,
        b"struct" => struct_def(input)?,
        b"union" => union_def(input)?,
        b"program" => program_def(input)?,
        _ => return fail(input, "a definition is expected: const, typedef, enum, struct, union or program"),
    };
    let (rest, ()) = expect(rest, b';', "the definition")?;
    Ok((rest, found))
}

// constant_def = "const" , identifier , "=" , ( value | text ) ;
fn constant_def(input: Input<'_>) -> Parsed<'_, Definition> {
    let (input, name) = identifier(behind_keyword(input))?;
    let (input, ()) = expect(input, b'=', "the name of a constant")?;
    if mark(input, b'"').is_some() {
        let (input, ()) = text(input)?;
        return Ok((input, Definition::Text));
    }
    let (input, value) = value(input)?;
    Ok((input, Definition::Constant(name, value)))
}

// text = '"' , { character - '"' } , '"' ;
fn text(input: Input<'_>) -> Parsed<'_, ()> {
    let start = blanks(input);
    match start.strip_prefix(b"\"").and_then(|rest| memchr::memchr(b'"', rest).map(|end| &rest[end + 1..])) {
        Some(rest) => Ok((rest, ())),
        None => fail(start, "the text has no closing quote"),
    }
}

// typedef = "typedef" , declaration ;
fn typedef(input: Input<'_>) -> Parsed<'_, Definition> {
    let start = blanks(behind_keyword(input));
    declaration.map(Definition::Typedef).parse(start)
}

// enum_def = "enum" , identifier , enum_body ;
fn enum_def(input: Input<'_>) -> Parsed<'_, Definition> {
    let (input, name) = identifier(behind_keyword(input))?;
    let (input, body) = enum_body(input)?;
    Ok((input, Definition::Type(name, Specifier::Enum(body))))
}

// struct_def = "struct" , identifier , struct_body ;
fn struct_def(input: Input<'_>) -> Parsed<'_, Definition> {
    let (input, name) = identifier(behind_keyword(input))?;
    let (input, body) = struct_body(input)?;
    Ok((input, Definition::Type(name, Specifier::Struct(body))))
}

// union_def = "union" , identifier , union_body ;
fn union_def(input: Input<'_>) -> Parsed<'_, Definition> {
    let (input, name) = identifier(behind_keyword(input))?;
    let (input, body) = union_body(input)?;
    Ok((input, Definition::Type(name, Specifier::Union(Box::new(body)))))
}

// enum_body = "{" , enum_member , { "," , enum_member } , "}" ;
fn enum_body(input: Input<'_>) -> Parsed<'_, Vec<(Ident, Option<Value>)>> {
    let (mut input, ()) = expect(input, b'{', "`enum`")?;
    let mut members = Vec::new();
    loop {
        let (rest, member) = enum_member(input)?;
        members.push(member);
        match mark(rest, b',') {
            // A comma before the brace is C and not XDR, and harmless.
            Some(rest) if mark(rest, b'}').is_none() => input = rest,
            Some(rest) => return expect(rest, b'}', "the member").map(|(rest, ())| (rest, members)),
            None => return expect(rest, b'}', "the members of the enum").map(|(rest, ())| (rest, members)),
        }
    }
}

// enum_member = identifier , [ "=" , value ] ;
fn enum_member(input: Input<'_>) -> Parsed<'_, (Ident, Option<Value>)> {
    let (input, name) = identifier(input)?;
    match mark(input, b'=') {
        Some(input) => value.map(|value| (name.clone(), Some(value))).parse(input),
        None => Ok((input, (name, None))),
    }
}

// struct_body = "{" , declaration , ";" , { declaration , ";" } , "}" ;
fn struct_body(input: Input<'_>) -> Parsed<'_, Vec<Declaration>> {
    let (mut input, ()) = expect(input, b'{', "`struct`")?;
    let mut fields = Vec::new();
    loop {
        let (rest, declared) = declaration(input)?;
        fields.push(declared);
        (input, ()) = expect(rest, b';', "the field")?;
        if let Some(rest) = mark(input, b'}') {
            return Ok((rest, fields));
        }
    }
}

// union_body = "switch" , "(" , declaration , ")" , "{" , case_spec , { case_spec } , [ "default" , ":" , arm , ";" ] , "}" ;
fn union_body(input: Input<'_>) -> Parsed<'_, UnionBody> {
    let Some(input) = keyword(input, "switch") else { return fail(blanks(input), "`switch` is expected in a union") };
    let (input, ()) = expect(input, b'(', "`switch`")?;
    let (input, discriminant) = declaration(input)?;
    let (input, ()) = expect(input, b')', "what chooses the arm")?;
    let (mut input, ()) = expect(input, b'{', "`switch (...)`")?;
    let (mut cases, mut default) = (Vec::new(), None);
    loop {
        match peek_word(input) {
            b"case" if default.is_none() => {
                let (rest, case) = case_spec(input)?;
                cases.push(case);
                input = rest;
            }
            b"default" if default.is_none() => {
                let (rest, ()) = expect(behind_keyword(input), b':', "`default`")?;
                let (rest, found) = arm(rest)?;
                default = Some(found);
                (input, ()) = expect(rest, b';', "the arm")?;
            }
            _ if cases.is_empty() => return fail(blanks(input), "`case` is expected"),
            _ => {
                let (rest, ()) = expect(input, b'}', "the arms of the union")?;
                return Ok((rest, UnionBody { discriminant, cases, default }));
            }
        }
    }
}

// case_spec = "case" , value , ":" , { "case" , value , ":" } , arm , ";" ;
fn case_spec(mut input: Input<'_>) -> Parsed<'_, (Vec<Value>, Option<Declaration>)> {
    let mut values = Vec::new();
    while let Some(rest) = keyword(input, "case") {
        let (rest, found) = value(rest)?;
        values.push(found);
        (input, ()) = expect(rest, b':', "the value of `case`")?;
    }
    let (input, found) = arm(input)?;
    let (input, ()) = expect(input, b';', "the arm")?;
    Ok((input, (values, found)))
}

// arm = "void" | declaration ;
fn arm(input: Input<'_>) -> Parsed<'_, Option<Declaration>> {
    match keyword(input, "void") {
        Some(rest) => Ok((rest, None)),
        None => declaration.map(Some).parse(input),
    }
}

// declaration = "string" , identifier , "<" , [ value ] , ">" | "opaque" , identifier , ( "[" , value , "]" | "<" , [ value ] , ">" )
//     | type_specifier , ( "*" , identifier | identifier , [ size ] ) ;
fn declaration(input: Input<'_>) -> Parsed<'_, Declaration> {
    let start = blanks(input);
    let (input, specifier) = match peek_word(start) {
        b"void" => return fail(start, "`void` cannot stand here"),
        b"string" => (behind_keyword(start), Specifier::String),
        b"opaque" => (behind_keyword(start), Specifier::Opaque),
        _ => type_specifier(start)?,
    };
    if let Some(rest) = mark(input, b'*') {
        if matches!(specifier, Specifier::String | Specifier::Opaque) {
            return fail(start, "this type cannot be optional");
        }
        let (rest, name) = identifier(rest)?;
        return Ok((rest, Declaration { specifier, name, size: Size::Optional }));
    }
    let (input, name) = identifier(input)?;
    let (input, size) = match peek_size(input) {
        true => size(input)?,
        false => (input, Size::One),
    };
    match (&specifier, &size) {
        (Specifier::String, Size::One | Size::Fixed(_)) => fail(start, "a string needs `<>` behind its name"),
        (Specifier::Opaque, Size::One) => fail(start, "opaque data need `[n]` or `<n>` behind their name"),
        _ => Ok((input, Declaration { specifier, name, size })),
    }
}

fn peek_size(input: Input<'_>) -> bool {
    mark(input, b'[').or(mark(input, b'<')).is_some()
}

// size = "[" , value , "]" | "<" , [ value ] , ">" ;
fn size(input: Input<'_>) -> Parsed<'_, Size> {
    if let Some(rest) = mark(input, b'[') {
        let (rest, count) = value(rest)?;
        return expect(rest, b']', "the number of elements").map(|(rest, ())| (rest, Size::Fixed(count)));
    }
    let (rest, ()) = expect(input, b'<', "the name")?;
    if let Some(rest) = mark(rest, b'>') {
        return Ok((rest, Size::Variable(None)));
    }
    let (rest, most) = value(rest)?;
    expect(rest, b'>', "the largest number of elements").map(|(rest, ())| (rest, Size::Variable(Some(most))))
}

// type_specifier = "unsigned" , [ "char" | "short" | "int" | "long" | "hyper" ] | "char" | "short" | "int" | "long" | "hyper" | "float"
//     | "double" | "bool" | "enum" , ( enum_body (*+*) | identifier ) | "struct" , ( struct_body (*+*) | identifier )
//     | ( "union" , ( union_body | identifier ) ) (*+*) | identifier ;
fn type_specifier(input: Input<'_>) -> Parsed<'_, Specifier> {
    let start = blanks(input);
    let integer = |signed, bits| Specifier::Integer { signed, bits };
    let rest = behind_keyword(start);
    let simple = match peek_word(start) {
        b"unsigned" => {
            let bits = match peek_word(rest) {
                b"char" => 8,
                b"short" => 16,
                b"int" | b"long" => 32,
                b"hyper" => 64,
                _ => return Ok((rest, integer(false, 32))),
            };
            return Ok((behind_keyword(rest), integer(false, bits)));
        }
        b"char" => integer(true, 8),
        b"short" => integer(true, 16),
        b"int" | b"long" => integer(true, 32),
        b"hyper" => integer(true, 64),
        b"u_char" => integer(false, 8),
        b"u_short" => integer(false, 16),
        b"u_int" | b"u_long" | b"uint32_t" => integer(false, 32),
        b"int32_t" => integer(true, 32),
        b"uint64_t" => integer(false, 64),
        b"int64_t" => integer(true, 64),
        b"float" => Specifier::Float,
        b"double" => Specifier::Double,
        b"bool" | b"bool_t" => Specifier::Bool,
        b"quadruple" => return fail(start, "`quadruple` is not supported: no machine type of Rust holds it"),
        b"enum" if mark(rest, b'{').is_some() => return enum_body.map(Specifier::Enum).parse(rest),
        b"struct" if mark(rest, b'{').is_some() => return struct_body.map(Specifier::Struct).parse(rest),
        b"union" if peek_word(rest) == b"switch" => {
            return union_body.map(|body| Specifier::Union(Box::new(body))).parse(rest);
        }
        b"enum" | b"struct" | b"union" => return identifier.map(Specifier::Named).parse(rest),
        _ if start.first().is_some_and(|&byte| is_name(byte)) => return identifier.map(Specifier::Named).parse(start),
        _ => return fail(start, "a type is expected"),
    };
    Ok((rest, simple))
}

// program_def = "program" , identifier , "{" , version_def , { version_def } , "}" , "=" , value ;
fn program_def(input: Input<'_>) -> Parsed<'_, Definition> {
    let (input, name) = identifier(behind_keyword(input))?;
    let (mut input, ()) = expect(input, b'{', "the name of a program")?;
    let mut versions = Vec::new();
    loop {
        let (rest, version) = version_def(input)?;
        versions.push(version);
        if let Some(rest) = mark(rest, b'}') {
            let (rest, ()) = expect(rest, b'=', "the program")?;
            let (rest, number) = value(rest)?;
            return Ok((rest, Definition::Program(name, versions, number)));
        }
        input = rest;
    }
}

// version_def = "version" , identifier , "{" , procedure_def , { procedure_def } , "}" , "=" , value , ";" ;
fn version_def(input: Input<'_>) -> Parsed<'_, Version> {
    let Some(input) = keyword(input, "version") else { return fail(blanks(input), "`version` is expected") };
    let (input, name) = identifier(input)?;
    let (mut input, ()) = expect(input, b'{', "the name of a version")?;
    let mut procedures = Vec::new();
    loop {
        let (rest, procedure) = procedure_def(input)?;
        procedures.push(procedure);
        if let Some(rest) = mark(rest, b'}') {
            let (rest, ()) = expect(rest, b'=', "the version")?;
            let (rest, number) = value(rest)?;
            let (rest, ()) = expect(rest, b';', "the number of the version")?;
            return Ok((rest, Version { name, procedures, number }));
        }
        input = rest;
    }
}

// procedure_def = ( "void" | argument_type ) , identifier , "(" , ( "void" | argument , { "," , argument } ) , ")" , "=" , value , ";" ;
fn procedure_def(input: Input<'_>) -> Parsed<'_, Procedure> {
    let (input, result) = match keyword(input, "void") {
        Some(rest) => (rest, None),
        None => {
            let (rest, found) = argument_type(input)?;
            (rest, Some(found))
        }
    };
    let (input, name) = identifier(input)?;
    let (mut input, ()) = expect(input, b'(', "the name of a procedure")?;
    let mut arguments = Vec::new();
    if let Some(rest) = keyword(input, "void") {
        input = rest;
    } else {
        loop {
            let (rest, next) = argument(input)?;
            arguments.push(next);
            input = rest;
            let Some(rest) = mark(input, b',') else { break };
            input = rest;
        }
    }
    let (input, ()) = expect(input, b')', "the arguments")?;
    let (input, ()) = expect(input, b'=', "the arguments")?;
    let (input, number) = value(input)?;
    let (input, ()) = expect(input, b';', "the number of the procedure")?;
    Ok((input, Procedure { result, name, arguments, number }))
}

// argument = argument_type , [ identifier ] (*+*) , [ size ] (*+*) ;
fn argument(input: Input<'_>) -> Parsed<'_, Argument> {
    let (mut input, (specifier, mut declared)) = argument_type(input)?;
    let mut name = None;
    if !peek_word(input).is_empty() {
        let (rest, found) = identifier(input)?;
        (input, name) = (rest, Some(found));
    }
    if declared == Size::One && peek_size(input) {
        (input, declared) = size(input)?;
    }
    Ok((input, (specifier, declared, name)))
}

// argument_type = "string" | "opaque" (*+*) | type_specifier , [ "*" ] (*+*) ;
fn argument_type(input: Input<'_>) -> Parsed<'_, (Specifier, Size)> {
    match peek_word(input) {
        b"string" => Ok((behind_keyword(input), (Specifier::String, Size::One))),
        b"opaque" => Ok((behind_keyword(input), (Specifier::Opaque, Size::One))),
        _ => {
            let (rest, specifier) = type_specifier(input)?;
            Ok(match mark(rest, b'*') {
                Some(rest) => (rest, (specifier, Size::Optional)),
                None => (rest, (specifier, Size::One)),
            })
        }
    }
}
