//! From what a source says to rows of the landed log. `files` reads them from disk, `objects`
//! brings files from buckets, `stripe`, `posthog` and `postgres` read over the wire; all hand batches to `log`, which brings them to the lake.

pub mod api;
pub mod files;
pub mod incoming;
mod journal;
pub mod json;
pub mod land;
mod log;
pub mod objects;
pub mod postgres;
pub mod posthog;
pub mod report;
pub mod stripe;
mod tables;
pub mod watermark;

pub use report::{Diagnostic, FileReport, Guess, Landed, Rejected};
pub use tables::table_specs;
