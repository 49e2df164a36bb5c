//! ipcsh, a POSIX shell that teaches inter-process communication.
#![doc = include_str!("../ARCHITECTURE.md")]

// The map, in reading order.

pub mod fields;
pub mod find;
pub mod number;
pub mod quote;
pub mod status;

pub mod syntax;

pub mod expand;

pub mod exec;

pub mod jobs;

pub mod builtins;

pub mod shell;

pub mod ipc;

pub mod interactive;

pub mod sys;
