//! ipcsh: the program.

#![no_main]

#[macro_use]
extern crate ipcsh;

program!(run);

/// Run the shell on a stack of its own, so that deep recursion in scripts is no accident.
fn run() -> i32 {
    ipcsh::sys::crash::prepare();
    let status = ipcsh::sys::stack::run_on_large_stack(ipcsh::interactive::startup::run);
    ipcsh::sys::fork::exit(status)
}
