//! What rpcgen leaves to the C preprocessor: comments, `%` lines, `#define`, `#include` and conditions.
//!
//! All of it is blanked out and not removed, so that a place in the result is the place in the file.

use super::Source;
use crate::status::Error;
use std::path::PathBuf;

/// The names of `#include` lines, with how much was left to read behind each.
pub type Includes = Vec<(usize, PathBuf)>;

/// A condition around the current line.
struct Condition {
    /// Whether its lines count.
    on: bool,
    /// Whether one of its branches has counted.
    taken: bool,
    /// How much was left at its beginning.
    left: usize,
}

/// Blank out what the grammar does not know.
///
/// # Errors
/// A comment or condition without an end, or a directive that this cannot do.
pub fn prepare(name: &str, text: &[u8]) -> Result<(Source, Includes), Error> {
    let mut source = Source { name: name.to_owned(), text: text.to_vec() };
    if let Err(left) = blank_comments(&mut source.text) {
        return Err(source.error(left, "the comment has no end"));
    }
    let mut includes = Includes::new();
    let mut conditions: Vec<Condition> = Vec::new();
    let mut defined: Vec<Vec<u8>> = Vec::new();
    let mut start = 0;
    while start < source.text.len() {
        let end = memchr::memchr(b'\n', &source.text[start..]).map_or(source.text.len(), |length| start + length);
        let left = source.text.len() - start;
        let line = source.text[start..end].to_vec();
        let on = conditions.iter().all(|condition| condition.on);
        let blank = match line.first() {
            Some(b'#') => directive(&line, left, &mut conditions, &mut defined, &mut includes)
                .map_err(|what| source.error(left, what))
                .map(|constant| match constant {
                    // `#define NAME value` becomes `const NAME=value;`, which is as long or shorter.
                    Some(constant) if on => {
                        source.text[start..end].fill(b' ');
                        source.text[start..start + constant.len()].copy_from_slice(&constant);
                        false
                    }
                    _ => true,
                })?,
            Some(b'%') => true,
            _ => !on,
        };
        if blank {
            source.text[start..end].fill(b' ');
        }
        start = end + 1;
    }
    match conditions.last() {
        Some(condition) => Err(source.error(condition.left, "#endif is missing for this condition")),
        None => Ok((source, includes)),
    }
}

/// Do what a `#` line says. Returns the declaration of a constant if it defines one.
fn directive(
    line: &[u8],
    left: usize,
    conditions: &mut Vec<Condition>,
    defined: &mut Vec<Vec<u8>>,
    includes: &mut Includes,
) -> Result<Option<Vec<u8>>, &'static str> {
    let mut words = line[1..].split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let (keyword, operand) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let outer = conditions.iter().all(|condition| condition.on);
    let is_defined = |name: &[u8]| defined.iter().any(|known| known == name);
    let mut open = |on: bool| conditions.push(Condition { on, taken: on, left });
    match keyword {
        b"ifdef" => open(is_defined(operand)),
        b"ifndef" => open(!is_defined(operand)),
        b"if" => open(operand != b"0" && (operand.iter().all(u8::is_ascii_digit) || is_defined(operand))),
        b"else" => match conditions.last_mut() {
            Some(condition) => condition.on = !std::mem::replace(&mut condition.taken, true),
            None => return Err("#else without #if"),
        },
        b"endif" => {
            conditions.pop().ok_or("#endif without #if")?;
        }
        _ if !outer => {}
        b"define" => {
            defined.push(operand.to_vec());
            let value: Vec<&[u8]> = words.collect();
            return Ok(match value[..] {
                [value] if value.first().is_some_and(|&byte| byte.is_ascii_digit() || byte == b'-') => {
                    Some([b"const ", operand, b"=", value, b";"].concat())
                }
                _ => None,
            });
        }
        b"undef" => defined.retain(|known| known != operand),
        b"include" => {
            // `<...>` is a header of C, and of no meaning here.
            if let [b'"', name @ .., b'"'] = operand {
                includes.push((left, PathBuf::from(String::from_utf8_lossy(name).into_owned())));
            }
        }
        b"" | b"pragma" | b"line" => {}
        _ => return Err("a directive that is not known"),
    }
    Ok(None)
}

/// Blank out `/* */` and `//` comments but not their newlines; the error is what was left where a comment without an end began.
fn blank_comments(text: &mut [u8]) -> Result<(), usize> {
    let mut at = 0;
    while let Some(slash) = memchr::memchr(b'/', &text[at..]).map(|offset| at + offset) {
        let end = match text.get(slash + 1) {
            Some(b'*') => memchr::memmem::find(&text[slash + 2..], b"*/").map(|length| slash + length + 4),
            Some(b'/') => Some(memchr::memchr(b'\n', &text[slash..]).map_or(text.len(), |length| slash + length)),
            _ => {
                at = slash + 1;
                continue;
            }
        };
        let end = end.ok_or(text.len() - slash)?;
        for byte in text[slash..end].iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b' ';
        }
        at = end;
    }
    Ok(())
}
