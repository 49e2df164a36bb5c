//! Start-up, and the shell at a terminal.

pub mod prompt;
pub mod startup;
pub mod terminal;
