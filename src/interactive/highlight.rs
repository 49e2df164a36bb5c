//! Colours of the line being edited.

use crate::interactive::edit::frame::Span;
use crate::shell::Shell;

/// The colours of a line.
pub fn spans(_shell: &mut Shell, _line: &str, _cursor: usize) -> Vec<Span> {
    Vec::new()
}
