//! What a file would land as, shown before anything lands.

use std::path::Path;

use arrow::array::{Array, RecordBatch};

use super::landing::read_beginning;
use super::mapping::FileMapping;
use crate::error::Result;
use crate::sync::report::{FileReport, Landed};

/// Rows of a preview, and how many are read for it.
const PREVIEW_ROWS: usize = 5;
const READ_FOR_PREVIEW: usize = 50;

/// The first rows of a file as they would land.
#[derive(Debug)]
pub struct Preview {
    /// Five rows at most, of the table that gets most of them; `None` if nothing would land.
    pub landed: Option<Landed>,
    /// Columns that are NULL in all of them.
    pub null_columns: Vec<String>,
    /// About the part of the file that was read.
    pub report: FileReport,
}

/// Reads the beginning of a file that is called `name`, and nothing lands.
pub fn preview_file(
    path: &Path,
    name: &Path,
    mappings: &[FileMapping],
    landed_at: i64,
) -> Result<Preview> {
    let mut chunks = Vec::new();
    let mut sink = |chunk: Vec<Landed>| {
        chunks.extend(chunk);
        Ok(())
    };
    let report = read_beginning(path, name, mappings, landed_at, READ_FOR_PREVIEW, &mut sink)?;
    // Of equally many, the first: events come last.
    let largest = chunks.into_iter().rev().max_by_key(|landed| landed.batch.num_rows());
    let landed = largest.map(|Landed { table, batch }| {
        let batch = batch.slice(0, batch.num_rows().min(PREVIEW_ROWS));
        Landed { table, batch }
    });
    let null_columns = landed.iter().flat_map(|landed| null_columns(&landed.batch)).collect();
    Ok(Preview { landed, null_columns, report })
}

fn null_columns(batch: &RecordBatch) -> Vec<String> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    columns
        .filter(|(_, column)| column.null_count() == column.len())
        .map(|(field, _)| field.name().clone())
        .collect()
}
