//! The RPC language (RFC 4506, section 6, and RFC 5531, section 12): the text of a `.x` file to an [`Interface`].
//!
//! rpcgen turns a `.x` file into C, which is compiled into a client and a server; here the file is read when it is needed. Three steps: `prepare`
//! blanks out comments and does what the C preprocessor would, `grammar` parses (each function is the EBNF line above it; `grammar/xdr.ebnf` has them
//! together), `resolve` looks up the names. An error tells file, line, column, and what was expected.

mod grammar;
mod lexical;
mod prepare;
mod resolve;
#[cfg(test)]
mod tests;
pub mod tree;

use crate::ipc::error::words;
use crate::ipc::rpc::interface::{Interface, Type};
use crate::status::Error;
use std::path::{Path, PathBuf};

/// How deep `#include` may go.
const MOST_INCLUDES: usize = 16;

/// A file whose comments are blanked out; places in it are those of the original.
struct Source {
    name: String,
    text: Vec<u8>,
    /// Names for constants that have another name.
    aliases: Vec<(String, String)>,
}

impl Source {
    /// `file:line:column: what`, for the place where `left` bytes were still to be read.
    fn error(&self, left: usize, what: &str) -> Error {
        let before = &self.text[..self.text.len() - left.min(self.text.len())];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|&&byte| byte != b'\n').count();
        Error::usage(format!("{}:{line}:{column}: {what}", self.name))
    }
}

/// The definitions of a text, and the files that it includes.
fn parsed(name: &str, text: &[u8]) -> Result<(Source, Vec<tree::Definition>, prepare::Includes), Error> {
    let (source, includes) = prepare::prepare(name, text)?;
    match grammar::specification(&source.text) {
        Ok((_, definitions)) => Ok((source, definitions, includes)),
        Err(nom::Err::Error(problem) | nom::Err::Failure(problem)) => Err(source.error(problem.left, &problem.what)),
        Err(nom::Err::Incomplete(_)) => Err(source.error(0, "more is expected")),
    }
}

/// What a text says, with names as they stand there. `name` is for messages.
///
/// # Errors
/// It is not in the RPC language.
pub fn definitions(name: &str, text: &[u8]) -> Result<Vec<tree::Definition>, Error> {
    parsed(name, text).map(|(_, definitions, _)| definitions)
}

/// Read an interface file and those that it includes. `reads` is told of each before it is read.
///
/// # Errors
/// A file cannot be read, or what it says is wrong (status 2).
pub fn load(path: &Path, reads: &mut dyn FnMut(&Path)) -> Result<Interface, Error> {
    let mut resolver = resolve::Resolver::default();
    load_into(path, &mut resolver, 0, reads)?;
    resolver.finish()
}

/// An interface from a text. `name` is for messages.
///
/// # Errors
/// What the text says is wrong.
pub fn parse(name: &str, text: &[u8]) -> Result<Interface, Error> {
    let mut resolver = resolve::Resolver::default();
    let (source, definitions, includes) = parsed(name, text)?;
    if let Some((left, _)) = includes.first() {
        return Err(source.error(*left, "#include is possible in a file only"));
    }
    resolver.add(source, definitions);
    resolver.finish()
}

/// Types as they stand in a call without an interface file: `int`, `string`, `opaque<8>`, `unsigned hyper`, `int<>`, `bool *`.
///
/// # Errors
/// It is no type.
pub fn inline_type(text: &str) -> Result<Type, Error> {
    if text.trim() == "void" {
        return Ok(Type::Void);
    }
    let bracket = text.find(['[', '<', '*']).unwrap_or(text.len());
    let (before, behind) = text.split_at(bracket);
    let declaration = match behind.trim_end().strip_prefix('*') {
        Some("") => format!("typedef {before} *it;"),
        _ if before.trim() == "string" && behind.is_empty() => "typedef string it<>;".to_owned(),
        _ => format!("typedef {before} it{behind};"),
    };
    let wrong = |_| Error::usage(format!("{text}: not a type (int, unsigned hyper, string, opaque<8>, double[3] ...)"));
    let interface = parse("type", declaration.as_bytes()).map_err(wrong)?;
    match <[_; 1]>::try_from(interface.types) {
        Ok([named]) => Ok(named.kind),
        Err(_) => Err(wrong(Error::usage(""))),
    }
}

fn load_into(
    path: &Path,
    resolver: &mut resolve::Resolver,
    depth: usize,
    reads: &mut dyn FnMut(&Path),
) -> Result<(), Error> {
    reads(path);
    let name = path.display().to_string();
    let text = std::fs::read(path).map_err(|error| match error.raw_os_error() {
        Some(number) => Error::new(format!("cannot read {name}: {}", words(nix::errno::Errno::from_raw(number)))),
        None => Error::new(format!("cannot read {name}: {error}")),
    })?;
    let (source, definitions, includes) = parsed(&name, &text)?;
    for (left, include) in includes {
        if depth >= MOST_INCLUDES {
            return Err(source.error(left, "files include one another too deeply"));
        }
        let beside: PathBuf = path.parent().unwrap_or(Path::new(".")).join(&include);
        load_into(&beside, resolver, depth + 1, reads).map_err(|error| error.within(format!("included by {name}")))?;
    }
    resolver.add(source, definitions);
    Ok(())
}
