//! From what a source says to rows of the landed log. `files` reads them from disk, `stripe`
//! and `posthog` over the wire; all hand them to the same batches, which `log` brings to the lake.

pub mod api;
pub mod files;
mod journal;
pub mod json;
pub mod land;
mod log;
pub mod posthog;
pub mod report;
pub mod stripe;
mod tables;

pub use report::{Diagnostic, FileReport, Guess, Landed, Rejected};
pub use tables::table_specs;
