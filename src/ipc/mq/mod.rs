//! Message queues of both families. A queue outlives the processes that use it: messages wait in the kernel until somebody takes
//! them, and the queue waits until somebody removes it.
//!
//! | | System V | POSIX |
//! |---|---|---|
//! | name | a number (key) | `/name` |
//! | order | by type, as the receiver asks | by priority, as the sender says |
//! | bounded | bytes of all messages | number of messages, and size of each |
//! | handle | the kernel's number, known to all | a descriptor |

pub mod admin;
pub mod posix;
pub mod sysv;
pub mod users;
