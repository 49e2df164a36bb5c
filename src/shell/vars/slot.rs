//! Slots of the variables that the shell itself looks at.
#![allow(missing_docs)]

pub const IFS: u32 = 0;
pub const LINENO: u32 = 1;
pub const PATH: u32 = 2;
pub const OPTIND: u32 = 3;
pub const LC_ALL: u32 = 4;
pub const LC_CTYPE: u32 = 5;
pub const LANG: u32 = 6;
pub const HOME: u32 = 7;
pub const PWD: u32 = 8;
pub const OLDPWD: u32 = 9;
pub const CDPATH: u32 = 10;
pub const PS1: u32 = 11;
pub const PS2: u32 = 12;
pub const PS4: u32 = 13;
pub const PPID: u32 = 14;
pub const OPTARG: u32 = 15;
pub const ENV: u32 = 16;
/// Names in the order of their slots.
pub const NAMES: [&str; 17] = [
    "IFS", "LINENO", "PATH", "OPTIND", "LC_ALL", "LC_CTYPE", "LANG", "HOME", "PWD", "OLDPWD", "CDPATH", "PS1", "PS2",
    "PS4", "PPID", "OPTARG", "ENV",
];
