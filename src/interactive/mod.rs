//! Start-up, and the shell at a terminal.

pub mod complete;
pub mod edit;
pub mod events;
pub mod highlight;
pub mod mail;
mod plain;
pub mod prompt;
pub mod sought;
pub mod startup;
pub mod suggest;
pub mod syntax_state;
pub mod terminal;
pub mod terminfo;
pub mod text;
