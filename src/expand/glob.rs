//! Pathname expansion (XCU 2.6.6, 2.14.3): a pattern to the pathnames that it matches.
//!
//! Calls: open(O_DIRECTORY) and getdents64 in a directory whose entries are matched, lstat where a name without a pattern
//! ends the path. A slash is matched only by a slash, so the pattern is a sequence of steps: literal text, and patterns
//! that match one name each. The steps are taken one after the other, each from all the paths that have been found: one
//! directory is open at a time, however deep the pattern. A directory that may not be read, or is none, is as if it were empty (XCU
//! 2.14.3: that is no error). Where the system fails, by want of descriptors or a broken disk, it is not known what is in it, and
//! to go on with half of the names, or with the pattern as a name, could do harm: that is an error.

use super::late;
use super::pattern::{self, Pattern};
use crate::fields::Fields;
use crate::status::Error;
use crate::syntax::ast::Atom;
use crate::sys;
use bstr::BStr;
use nix::errno::Errno;
use nix::sys::stat::lstat;
use std::ffi::CString;

/// A step on the way through the directories.
enum Step {
    /// Text with its slashes.
    Literal(Vec<u8>),
    /// One name.
    Name(Pattern),
}

/// Append the pathnames that `pattern` matches, sorted by their bytes; false if there are none or it is no pattern.
/// In it a backslash quotes the character behind it.
///
/// # Errors
/// The system cannot read a directory.
pub(super) fn expand(pattern: &[u8], utf8: bool, out: &mut Fields) -> Result<bool, Error> {
    let steps = steps(pattern);
    if !steps.iter().any(|step| matches!(step, Step::Name(_))) {
        return Ok(false);
    }
    let mut paths = Fields::from_iter([b""]);
    for (index, step) in steps.iter().enumerate() {
        let is_last = index + 1 == steps.len();
        paths = match step {
            Step::Literal(text) => append(&paths, text, is_last),
            Step::Name(pattern) => {
                let mut found = Fields::new();
                for directory in paths.iter() {
                    read(directory, pattern, utf8, is_last, &mut found)?;
                }
                found
            }
        };
    }
    let mut sorted: Vec<&BStr> = paths.iter().collect();
    sorted.sort_unstable();
    for path in &sorted {
        out.push(path);
    }
    Ok(!sorted.is_empty())
}

/// Divide a pattern at its slashes. These come before brackets: `[a/b]` is no bracket expression.
fn steps(pattern: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut literal = Vec::new();
    for (index, component) in pattern.split(|&byte| byte == b'/').enumerate() {
        if index > 0 {
            literal.push(b'/');
        }
        if component.is_empty() {
            continue;
        }
        let name = late::parse_pattern(without_escaped_slash(component, pattern));
        match &name.atoms[..] {
            [] => {}
            [Atom::Literal(text)] => literal.extend_from_slice(text),
            _ => {
                if !literal.is_empty() {
                    steps.push(Step::Literal(std::mem::take(&mut literal)));
                }
                steps.push(Step::Name(name));
            }
        }
    }
    if !literal.is_empty() {
        steps.push(Step::Literal(literal));
    }
    steps
}

/// A component without the backslash at its end that quoted the slash behind it.
fn without_escaped_slash<'p>(component: &'p [u8], pattern: &[u8]) -> &'p [u8] {
    let backslashes = component.iter().rev().take_while(|&&byte| byte == b'\\').count();
    let is_end_of_pattern = component.as_ptr_range().end == pattern.as_ptr_range().end;
    if backslashes % 2 == 1 && !is_end_of_pattern { &component[..component.len() - 1] } else { component }
}

/// Append literal text to all paths; if it ends them, only to those that exist with it.
fn append(paths: &Fields, text: &[u8], is_last: bool) -> Fields {
    let mut longer = Fields::new();
    for path in paths.iter() {
        longer.open().extend_from_slice(path);
        longer.open().extend_from_slice(text);
        if is_last && !exists(longer.pending()) {
            longer.abandon();
        } else {
            longer.finish();
        }
    }
    longer
}

/// Whether there is something at a path. A slash at its end wants a directory.
fn exists(path: &[u8]) -> bool {
    loop {
        match lstat(path) {
            Err(Errno::EINTR) => {}
            result => return result.is_ok(),
        }
    }
}

/// Append the paths of the entries of a directory that a pattern matches. A leading period is matched only by a period,
/// and `.` and `..` by no pattern at all. When more follows, entries that cannot be directories are left out.
fn read(directory: &[u8], pattern: &Pattern, utf8: bool, is_last: bool, found: &mut Fields) -> Result<(), Error> {
    let hidden = matches!(pattern.atoms.first(), Some(Atom::Literal(text)) if text.starts_with(b"."));
    // The empty path is the current directory. (A path of the kernel's or a script's has no NUL.)
    let path = if directory.is_empty() { Ok(c".".into()) } else { CString::new(directory) };
    let Ok(path) = path else { return Ok(()) };
    let result = sys::directory::read(&path, |name, may_be_directory| {
        if name.starts_with(b".") && (!hidden || matches!(name, b"." | b"..")) {
            return;
        }
        if (is_last || may_be_directory) && pattern::matches(pattern, name, utf8) {
            let path = found.open();
            path.extend_from_slice(directory);
            path.extend_from_slice(name);
            found.finish();
        }
    });
    match result {
        Err(errno @ (Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM | Errno::EIO)) => {
            Err(Error::system([b"cannot read the directory ", path.to_bytes()].concat(), errno))
        }
        _ => Ok(()),
    }
}
