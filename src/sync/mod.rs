//! From what a source says to rows of the landed log. `files` and `stripe` read objects from disk
//! and over the wire, `postgres` reads tables; they hand batches to `log`, which brings them to the
//! lake.

pub mod files;
mod journal;
pub mod json;
pub mod land;
mod log;
pub mod postgres;
pub mod report;
pub mod stripe;
mod tables;

pub use report::{Diagnostic, FileReport, Guess, Landed, Rejected};
pub use tables::table_specs;
