//! The tree to processes to a status.
