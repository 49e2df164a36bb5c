//! Process groups after their birth: the table of jobs, waiting, the terminal, reports.

pub mod table;
