//! `cd` and `pwd` (XCU 4, cd; pwd): the working directory, logical (`-L`) and physical (`-P`).

use crate::builtins::{Builtin, BuiltinResult, Kind, options};
use crate::exec::substitute;
use crate::fields::Fields;
use crate::shell::vars::slot;
use crate::shell::{Opt, Shell};
use crate::status::{Error, ExitStatus, Failure};
use bstr::{BString, ByteSlice};
use nix::errno::Errno;
use std::os::unix::ffi::OsStringExt;

/// `cd [-L|-P [-e]] [directory]`
pub const BUILTIN: Builtin = Builtin {
    name: "cd",
    kind: Kind::Regular,
    usage: "cd [-L | -P [-e]] [directory | -]",
    about: "Change the working directory: HOME without an operand, OLDPWD for `-`.\n\
            -L  treat `..` logically (the default)\n-P  resolve symbolic links\n-e  with -P: status 1 if PWD cannot be determined",
    run: cd,
};

/// `chdir`, as some shells also call it.
pub const CHDIR: Builtin =
    Builtin { name: "chdir", usage: "chdir [-L | -P [-e]] [directory | -]", about: "The same as `cd`.", ..BUILTIN };

/// `pwd [-L|-P]`
pub const PWD: Builtin = Builtin {
    name: "pwd",
    kind: Kind::Plain,
    usage: "pwd [-L | -P]",
    about: "Print the working directory.\n-L  as the shell came there (the default)\n-P  without symbolic links",
    run: pwd,
};

/// The physical working directory.
fn physical() -> Result<BString, Errno> {
    nix::unistd::getcwd().map(|path| BString::from(path.into_os_string().into_vec()))
}

fn same_directory(path: &[u8]) -> bool {
    match (nix::sys::stat::stat(path), nix::sys::stat::stat(".")) {
        (Ok(a), Ok(b)) => (a.st_dev, a.st_ino) == (b.st_dev, b.st_ino),
        _ => false,
    }
}

/// PWD from the environment if it is an absolute path of the working directory without `.` and `..`, else the physical one.
pub fn initial_pwd(shell: &mut Shell) -> Option<BString> {
    let value = shell.vars.get(slot::PWD).map(|value| value.to_owned());
    let good = value.filter(|path| {
        path.starts_with(b"/")
            && !path.split(|&byte| byte == b'/').any(|part| part == b"." || part == b"..")
            && same_directory(path)
    });
    good.or_else(|| physical().ok())
}

/// The working directory as the shell came there, also if it has been removed since.
fn logical(shell: &mut Shell) -> Result<BString, Errno> {
    if let Some(path) = initial_pwd(shell) {
        return Ok(path);
    }
    shell.vars.get(slot::PWD).filter(|path| path.starts_with(b"/")).map(|path| path.to_owned()).ok_or(Errno::ENOENT)
}

fn pwd(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, _) = options(fields, "LP")?;
    let is_logical = found.last().is_none_or(|option| option.letter == b'L');
    let path = if is_logical { logical(shell) } else { physical() };
    let mut path = path.map_err(|errno| Error::system("cannot determine the working directory", errno))?;
    path.push(b'\n');
    shell.io.write(&path)?;
    Ok(ExitStatus::SUCCESS)
}

fn cd(shell: &mut Shell, fields: &Fields) -> BuiltinResult {
    let (found, first) = options(fields, "LPe")?;
    let is_physical =
        found.iter().rev().find(|option| option.letter != b'e').is_some_and(|option| option.letter == b'P');
    let strict = is_physical && found.iter().any(|option| option.letter == b'e');
    if fields.get(first + 1).is_some() {
        return Err(Error::usage("too many arguments; a name with blanks in it needs quotes").into());
    }
    let (complete, show) = match go(shell, fields.get(first).map(|operand| operand.to_owned()), is_physical) {
        // 1 says that the directory was changed and its path is not known (XCU, cd, EXIT STATUS).
        Err(Failure::Error(error)) if strict => return Err(error.with_status(ExitStatus::USAGE).into()),
        done => done?,
    };
    if show {
        let mut line = shell.vars.get(slot::PWD).map(|path| path.to_owned()).unwrap_or_default();
        line.push(b'\n');
        shell.io.write(&line)?;
    }
    Ok(ExitStatus::from_bool(complete || !strict))
}

/// Change the directory to what the operand means: whether its path is known, and whether it is to be shown.
fn go(shell: &mut Shell, operand: Option<BString>, is_physical: bool) -> Result<(bool, bool), Failure> {
    let named = operand.is_some();
    let mut show = false;
    let target = match operand {
        None => match shell.vars.get(slot::HOME).map(|home| home.to_owned()) {
            Some(home) if !home.is_empty() => home,
            _ => return Err(Error::new("HOME is not set").into()),
        },
        Some(operand) if operand == "-" => match shell.vars.get(slot::OLDPWD).map(|old| old.to_owned()) {
            Some(old) => {
                show = true;
                old
            }
            None => return Err(Error::new("OLDPWD is not set").into()),
        },
        Some(operand) if operand.is_empty() => return Err(Error::new("the directory's name is empty").into()),
        Some(operand) => operand,
    };
    let mut directory = target.clone();
    if named
        && !show
        && !is_dotted(&target)
        && let Some((found, from_path)) = search(shell, &target)
    {
        directory = found;
        show |= from_path;
    }
    Ok((change(shell, &directory, &target, is_physical)?, show))
}

/// Whether CDPATH is not used: absolute, or beginning with `.` or `..`.
fn is_dotted(path: &[u8]) -> bool {
    path.starts_with(b"/") || matches!(path.split(|&byte| byte == b'/').next(), Some(b"." | b".."))
}

/// Look for the directory in CDPATH; whether a non-empty entry of it was used.
fn search(shell: &mut Shell, target: &BString) -> Option<(BString, bool)> {
    let list = shell.vars.get(slot::CDPATH).map(|value| value.to_owned()).filter(|value| !value.is_empty())?;
    for entry in list.split(|&byte| byte == b':') {
        let mut path = BString::from(entry);
        if !path.is_empty() && !path.ends_with(b"/") {
            path.push(b'/');
        }
        path.extend_from_slice(target);
        if path.to_path().is_ok_and(std::path::Path::is_dir) {
            return Some((path, !entry.is_empty()));
        }
    }
    None
}

/// Change to `directory`; false if the new path could not be determined.
fn change(shell: &mut Shell, directory: &BString, named: &BString, is_physical: bool) -> Result<bool, Failure> {
    let remembered = shell.vars.get(slot::PWD).filter(|path| path.starts_with(b"/")).map(|path| path.to_owned());
    let current = remembered.or_else(|| physical().ok());
    let mut path = directory.clone();
    // From a place without a known path only the kernel knows the way.
    let is_physical = is_physical || current.is_none() && !path.starts_with(b"/");
    if !is_physical {
        let current = current.as_ref().map_or(&b""[..], |path| path);
        if !path.starts_with(b"/") {
            path = [current, if current.ends_with(b"/") { b"" } else { b"/" }, &directory[..]].concat().into();
        }
        // The way here may have been removed since; by the standard, that is the end of the way back, too.
        let known = if shell.options.has(Opt::Posix) { &b""[..] } else { current };
        path = canonical(&path, known).ok_or_else(|| refused(named, Errno::ENOENT))?;
    }
    substitute::before_chdir(shell)?;
    // A long path may still be reached by the name that was given.
    let result = nix::unistd::chdir(&path[..])
        .or_else(|errno| if errno == Errno::ENAMETOOLONG { nix::unistd::chdir(&directory[..]) } else { Err(errno) });
    result.map_err(|errno| refused(named, errno))?;
    let new = if is_physical { physical() } else { Ok(path) };
    match current {
        Some(current) => shell.vars.set(slot::OLDPWD, &current)?,
        None => shell.vars.unset(slot::OLDPWD)?,
    }
    shell.vars.set_exported(slot::OLDPWD, true);
    shell.vars.set_exported(slot::PWD, true);
    match new {
        Ok(new) => shell.vars.set(slot::PWD, &new).map(|()| true).map_err(Into::into),
        Err(_) => {
            shell.vars.unset(slot::PWD)?;
            Ok(false)
        }
    }
}

fn refused(named: &BString, errno: Errno) -> Failure {
    let error = Error::system(named.clone(), errno);
    Failure::Error(error)
}

/// Whether it is known that a path is not that of a directory: one that is too long for the kernel can be.
fn is_no_directory(path: &[u8]) -> bool {
    match nix::sys::stat::stat(path) {
        Ok(state) => state.st_mode & libc::S_IFMT != libc::S_IFDIR,
        Err(errno) => errno != Errno::ENAMETOOLONG,
    }
}

/// Remove `.` and `..` textually; none if what stands before a `..` is no directory, and is not on the way to the `known` one.
fn canonical(path: &[u8], known: &[u8]) -> Option<BString> {
    let mut out = BString::default();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                if !out.is_empty() && !known.starts_with(&out) && is_no_directory(&out) {
                    return None;
                }
                let cut = out.iter().rposition(|&byte| byte == b'/').unwrap_or(0);
                out.truncate(cut);
            }
            part => {
                out.push(b'/');
                out.extend_from_slice(part);
            }
        }
    }
    if out.is_empty() {
        out.push(b'/');
    }
    if path.starts_with(b"//") && !path.starts_with(b"///") && out.len() > 1 {
        out.insert(0, b'/');
    }
    Some(out)
}
