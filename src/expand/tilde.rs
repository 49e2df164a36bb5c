//! Tilde expansion (XCU 2.6.1). Which tildes are prefixes is decided by the parser.

use super::Scope;
use super::eval::quoted;
use super::sink::Sink;
use crate::syntax::ast::WordPart;
use bstr::{BStr, ByteSlice};

/// Expand `~user`. The directory counts as quoted; if it ends with a slash and a slash follows, that is one slash.
/// Without such a user, or without HOME, the prefix stays as it was written.
pub(super) fn expand<S: Scope, K: Sink>(scope: &mut S, sink: &mut K, user: &[u8], next: Option<&WordPart>) {
    let Some(home) = scope.home(BStr::new(user)) else {
        let from = sink.buffer().len();
        sink.buffer().push(b'~');
        sink.buffer().extend_from_slice(user);
        sink.quoted(from);
        return;
    };
    let slash = matches!(next, Some(WordPart::Literal(text)) if text.starts_with(b"/"));
    match home.strip_suffix(b"/") {
        Some(stem) if slash => quoted(sink, stem),
        _ => quoted(sink, home.as_bytes()),
    }
}
