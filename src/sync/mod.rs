//! From what a source says to rows of the landed log: Arrow batches, and a report of what could
//! not be read. Nothing here writes.

pub mod files;
pub mod json;
pub mod report;
pub mod stripe;

pub use report::{Diagnostic, FileReport, Guess, Landed, Rejected};

pub mod tables;
pub use tables::table_specs;
pub mod files { #[derive(Debug, Clone, serde::Deserialize)] pub struct FileMapping {} }
pub fn table_schemas() -> Vec<(&'static str, arrow::datatypes::SchemaRef, &'static str)> { stripe::RESOURCES.iter().map(|r| (r.table, stripe::schema(r), "observed_at")).collect() }
