//! `rpc import` and `rpc stub`: the stubs of an interface, as functions at once or as source to read.

use super::{options, usage};
use crate::builtins::BuiltinResult;
use crate::exec;
use crate::ipc::rpc::interface::{Found, Interface};
use crate::number::is_name;
use crate::quote::quote;
use crate::shell::Shell;
use crate::status::{Error, ExitStatus};
use crate::syntax::Parser;
use bstr::ByteSlice;
use std::path::{Path, PathBuf};

/// Variables that the shell uses itself; neither a constant nor an argument may change them.
const RESERVED: &[&str] = &[
    "CDPATH",
    "ENV",
    "FCEDIT",
    "HISTFILE",
    "HISTSIZE",
    "HOME",
    "IFS",
    "LANG",
    "LINENO",
    "MAIL",
    "MAILCHECK",
    "MAILPATH",
    "NLSPATH",
    "OLDPWD",
    "OPTARG",
    "OPTIND",
    "PATH",
    "PPID",
    "PS1",
    "PS2",
    "PS4",
    "PWD",
    "SHELL",
    "TERM",
    "_",
];

/// Whether a name of an interface can be a variable: it is a name, and not one that the shell uses.
pub fn is_free(name: &str) -> bool {
    let prefixed = ["LC_", "RPC_", "SIG_", "NC_", "RECV_"].iter().any(|prefix| name.starts_with(prefix));
    is_name(name.as_bytes()) && !prefixed && !RESERVED.contains(&name)
}

/// The stub of one procedure. Where several versions have the name, the highest has it alone.
fn client_stub(found: &Found<'_>, name: &str, path: &[u8], options: &[u8]) -> Vec<u8> {
    let call = format!("::{}::{}", found.version.number, found.procedure.name);
    let target = quote(&[path, call.as_bytes()].concat());
    [name.as_bytes(), b"() { rpc call --keep ", options, &target, b" \"$@\"; }\n"].concat()
}

fn stubs(interface: &Interface, prefix: &str, path: &[u8], options: &[u8]) -> Result<Vec<u8>, Error> {
    let mut source = Vec::new();
    for found in interface.procedures() {
        let highest = interface.procedure(None, &found.procedure.name).map(|best| best.version.number);
        if highest != Some(found.version.number) {
            continue;
        }
        let name = format!("{prefix}{}", found.procedure.name);
        if !is_name(name.as_bytes()) {
            return Err(Error::usage(format!("{name}: no name for a function")));
        }
        source.extend(client_stub(&found, &name, path, options));
    }
    Ok(source)
}

/// `rpc import`: define the stubs and the constants.
pub fn import(shell: &mut Shell, words: &[&[u8]]) -> BuiltinResult {
    let (options, operands) = options::parse(words, "p:H:T:t:r:", &[])?;
    let [path] = operands else { return Err(usage("one FILE.x is expected")) };
    let given = PathBuf::from(&*path.to_path_lossy());
    // The working directory may change, the file's place must not.
    let absolute = std::fs::canonicalize(&given).unwrap_or(given);
    let interface = shell.rpc.interface(&absolute)?;
    if interface.programs.is_empty() {
        return Err(Error::usage(format!("{}: it defines no program", path.as_bstr())).into());
    }
    let prefix = String::from_utf8_lossy(&options.prefix).into_owned();
    // The options are handed on as they were given, in front of the operand.
    let given = &words[..words.len() - 1];
    let mut handed = Vec::new();
    let mut given = given.iter();
    while let Some(word) = given.next() {
        match word {
            [b'-', b'p'] => {
                given.next();
            }
            [b'-', b'p', ..] | [b'-', b'-'] => {}
            word => {
                handed.extend(quote(word));
                handed.push(b' ');
            }
        }
    }
    let source = stubs(&interface, &prefix, absolute.to_string_lossy().as_bytes(), &handed)?;
    for (name, number) in &interface.constants {
        let name = format!("{prefix}{name}");
        if is_free(&name) {
            shell.vars.set_by_name(name.as_bytes(), number.to_string().as_bytes())?;
        } else {
            shell.report(&Error::new(format!(
                "rpc: import: {name}: the shell uses this variable; it is left as it is (-p gives a prefix)"
            )));
        }
    }
    let line = shell.vars.line;
    Ok(exec::run(shell, Parser::of_text(source, line), false)?)
}

/// `rpc stub`: source of the client's stubs (-c), or of a server (-s); both without either.
pub fn stub(shell: &mut Shell, words: &[&[u8]]) -> BuiltinResult {
    let (options, operands) = options::parse(words, "cs", &[])?;
    let [path] = operands else { return Err(usage("one FILE.x is expected")) };
    let interface = shell.rpc.interface(Path::new(&*path.to_path_lossy()))?;
    let wants = |letter: u8| options.flags.is_empty() || options.flags.contains(&letter);
    let mut source = Vec::new();
    if wants(b'c') {
        source.extend_from_slice(b"# The client's stubs: each marshals its arguments, calls, and prints the result.\n");
        source.extend(stubs(&interface, "", path, b"")?);
    }
    if wants(b's') {
        source.extend_from_slice(b"# The server: each function is a procedure. Its arguments are in $1... and in variables of their names;\n");
        source.extend_from_slice(
            b"# what it prints is the result; return 0 is success, 2 wrong arguments, anything else a system error.\n",
        );
        for found in interface.procedures().filter(|found| found.procedure.number != 0) {
            let names: Vec<&str> = found.procedure.arguments.iter().map(|field| &*field.name).collect();
            let (name, version) = (&found.procedure.name, &found.version.name);
            source.extend_from_slice(
                format!("{name}() {{ # {version}: {}\n    return 1\n}}\n", names.join(", ")).as_bytes(),
            );
        }
        source.extend([b"rpc serve -b tcp:0 ", &quote(path)[..], b"\n"].concat());
    }
    shell.io.write(&source)?;
    Ok(ExitStatus::SUCCESS)
}
