//! `.` and `source`: execute the commands of a file in this shell (XCU 2.15, dot).

use crate::builtins::{Builtin, BuiltinResult, Kind, operands};
use crate::exec::program::Search;
use crate::exec::{self, compound, source};
use crate::fields::Fields;
use crate::find;
use crate::shell::{Opt, Shell};
use crate::status::Error;
use crate::syntax::Parser;
use crate::sys::fd;
use bstr::{BStr, BString};
use nix::errno::Errno;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

/// `. file`
pub const BUILTIN: Builtin = Builtin {
    name: ".",
    kind: Kind::Special,
    usage: ". file [argument...]",
    about: "Execute the commands of a file in this shell. Without a slash the file is looked for in PATH.\n\
            With arguments they are the positional parameters meanwhile (not in POSIX mode).",
    run,
};

/// `source file`
pub const SOURCE: Builtin =
    Builtin { name: "source", kind: Kind::Regular, usage: "source file [argument...]", about: "The same as `.`.", run };

fn run(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let first = operands(fields);
    let Some(name) = fields.get(first) else { return Err(Error::usage("file name expected").into()) };
    let failed = |errno| Error::system(BString::from(name), errno);
    let (file, path) = open(shell, name).map_err(failed)?;
    if crate::sys::stack::is_low() {
        return Err(exec::consequence::nested_too_deeply(shell, name).into());
    }
    let text = source::read_script(file.as_fd()).map_err(failed)?;
    drop(file);
    let arguments: Fields = fields.iter_from(first + 1).collect();
    let given = !arguments.is_empty() && !shell.options.has(Opt::Posix);
    let old = given.then(|| shell.params.replace(Rc::new(arguments), 0));
    let (line, caller) = (shell.vars.line, shell.files.begin(&path));
    let outcome = compound::returnable(shell, |shell| exec::run(shell, Parser::of_text(text, 1), false));
    shell.files.current = caller;
    shell.vars.line = line;
    if let Some(old) = old {
        shell.params.restore(old);
    }
    Ok(outcome?)
}

/// The file, and its path. A name without a slash is looked for in PATH (and in no other directory, as in dash).
fn open(shell: &mut Shell, name: &BStr) -> Result<(OwnedFd, Vec<u8>), Errno> {
    let open = |path: Vec<u8>| {
        let c_path = CString::new(&path[..]).map_err(|_| Errno::ENOENT)?;
        let file = fd::open(&c_path, libc::O_RDONLY, 0)?;
        let directory = nix::sys::stat::fstat(&file)?.st_mode & libc::S_IFMT == libc::S_IFDIR;
        if directory { Err(Errno::EISDIR) } else { Ok((file, path)) }
    };
    if find::byte(b'/', name).is_some() {
        return open(name.to_vec());
    }
    let path = Search::Path.directories(shell);
    for directory in path.split(|&byte| byte == b':') {
        let mut full = directory.to_vec();
        if !full.is_empty() {
            full.push(b'/');
        }
        full.extend_from_slice(name);
        if let Ok(found) = open(full) {
            return Ok(found);
        }
    }
    Err(Errno::ENOENT)
}
