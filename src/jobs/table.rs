//! Jobs and their processes.

/// The table of jobs.
#[derive(Debug, Default)]
pub struct JobTable {}
