//! The bodies of here-documents (XCU 2.7.4), read at the newline that ends the line with the operators.

use crate::syntax::ast::{HereDoc, Word};
use crate::syntax::cursor::{Cursor, Parsed};
use crate::syntax::marks::Kind;
use crate::syntax::open;
use crate::syntax::word::{Mode, parts};
use bstr::ByteSlice;
use std::rc::Rc;

// bodies = { body } ;
/// Read the bodies that begin behind the newline; the cursor is then at the end of the last delimiter's line.
pub fn bodies(newline: Cursor<'_>) -> Parsed<'_, ()> {
    let mut at = newline;
    // Taken out: a body can hold command substitutions with here-documents of their own.
    let pending = std::mem::take(&mut *newline.context().pending.borrow_mut());
    for document in pending {
        at = body(at, &document)?.0;
    }
    Ok((at, ()))
}

/// Whether the delimiter stands here in pieces, with line continuations between them. (The standard leaves it open; behind an
/// empty piece it is none.)
fn is_split(delimiter: &[u8], begun: &[u8], last: &[u8]) -> bool {
    let is_end = !last.is_empty() && delimiter.ends_with(last) && !begun.starts_with(b"\\\n");
    is_end && [&begun.replace(b"\\\n", b"")[..], last].concat() == delimiter
}

// body = { here_line } , ? the delimiter and a newline ? ;
/// Read one body. From the newline before it to the end of the line with the delimiter.
fn body<'a>(newline: Cursor<'a>, document: &Rc<HereDoc>) -> Parsed<'a, ()> {
    let mut text = Vec::new();
    let mut at = newline;
    let mut number = 0;
    let mut continued = false;
    let mut closed = false;
    // Where the line began of which this one is a continuation.
    let mut start = 0;
    let name = open::here_document(document.delimiter.as_bstr());
    while let Some(line) = at.next_line_inside(&name) {
        if number == 0 {
            number = line.number();
        }
        let (whole, end) = line.whole_line();
        let mut bytes = &whole[..];
        at = end;
        if !continued {
            if document.strip_tabs {
                let tabs = bytes.iter().take_while(|&&byte| byte == b'\t').count();
                bytes = &bytes[tabs..];
            }
            if bytes == &document.delimiter[..] {
                closed = true;
                break;
            }
            start = text.len();
        } else if is_split(&document.delimiter, &text[start..], bytes) {
            text.truncate(start);
            closed = true;
            break;
        }
        text.extend_from_slice(bytes);
        if !at.rest().is_empty() {
            text.push(b'\n');
        }
        let backslashes = bytes.iter().rev().take_while(|&&byte| byte == b'\\').count();
        continued = !document.quoted && backslashes % 2 == 1;
    }
    let word = if document.quoted {
        Word::verbatim(&text)
    } else {
        let inner = at.context().over(text, number);
        let (_, parts) = parts(inner, Mode::HereDoc, inner)?;
        Word::new(parts)
    };
    if !closed {
        at.context().unclosed.borrow_mut().push(Rc::clone(document));
    }
    newline.mark(at, Kind::HereDocument);
    // The body is read once: the document was in the list of those that wait.
    let _ = document.body.set(word);
    Ok((at, ()))
}
