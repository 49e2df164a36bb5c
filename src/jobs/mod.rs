//! Process groups after their birth: the table of jobs, waiting, the terminal, reports.
//!
//! `exec::pipeline` starts processes and makes a [`Job`] of them. From then on everything is here: [`wait`] is the only place that
//! waits for jobs, so no status is lost between two parts of the shell that wait for different things, and no ended child stays
//! a zombie. (A child that never was a job, because its exec failed or because it has only started another, is collected where it was made.)

mod handle;
pub mod id;
pub mod job;
mod remembered;
pub mod report;
pub mod table;
pub mod terminal;
pub mod wait;

pub use job::{Job, JobState, Process, ProcessState};
pub use table::JobTable;
