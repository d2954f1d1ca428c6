//! From what a source says to rows of the landed log. `stripe` and `files` read and never write;
//! `land` is the loop that brings their batches to the lake.

pub mod files;
pub mod json;
pub mod land;
pub mod report;
pub mod stripe;
mod tables;

pub use report::{Diagnostic, FileReport, Guess, Landed, Rejected};
pub use tables::table_specs;
