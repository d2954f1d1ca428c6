//! From what a source says to rows of the landed log: Arrow batches, and a report of what could
//! not be read. Nothing here writes.

pub mod files;
pub mod json;
pub mod report;
pub mod stripe;

pub use report::{Diagnostic, FileReport, Guess, Landed, Rejected};
