//! Prints query results: tables for people; csv, json, ndjson and markdown for programs.

mod cell;
mod expanded;
mod file;
mod fit;
mod json;
mod markdown;
mod plain;
mod table;
mod text;

#[cfg(test)]
mod tests;

use std::io::{IsTerminal, Write};

use arrow::array::RecordBatch;
use arrow::csv;
use arrow::datatypes::SchemaRef;
use clap::ValueEnum;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use crate::error::{Error, Result};

pub use file::write_output;
pub use text::visible;

/// How rows are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Boxes for people; fits the terminal.
    #[default]
    Table,
    /// RFC 4180, with a header.
    Csv,
    /// One array of objects.
    Json,
    /// One object a line.
    Ndjson,
    /// A table for documents.
    Markdown,
}

impl Format {
    /// The name that options and commands take.
    pub fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    pub fn names() -> Vec<String> {
        Self::value_variants().iter().map(|format| format.name()).collect()
    }
}

/// The paper a table is drawn on. Other formats ignore it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Layout {
    /// Columns of the terminal; `None` when nobody watches, then nothing is shortened.
    pub width: Option<usize>,
    /// Whether ANSI colours may be used.
    pub is_coloured: bool,
    /// One line per column instead of one line per row.
    pub is_expanded: bool,
}

impl Layout {
    /// What standard output is right now: its width, and whether it shows colours.
    pub fn of_stdout() -> Self {
        if !std::io::stdout().is_terminal() {
            return Self::default();
        }
        let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
        let is_coloured = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { width: Some(width), is_coloured, is_expanded: false }
    }
}

/// What has been written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows of the result, printed or not.
    pub rows: usize,
    /// Columns for which the terminal had no room.
    pub hidden_columns: usize,
}

/// Writes the batches of one result.
///
/// All formats but `Table` are written as the batches come. A table has to know its widths first:
/// it keeps the first 1,000 rows on a terminal, and every row when there is none.
pub struct Renderer<W: Write> {
    schema: SchemaRef,
    rows: usize,
    body: Body<W>,
}

enum Body<W: Write> {
    Table(table::Table<W>),
    Csv(Box<csv::Writer<W>>, bool),
    Json(arrow::json::Writer<W, json::ArrayOfLines>),
    Ndjson(arrow::json::LineDelimitedWriter<W>),
    Markdown(markdown::Markdown<W>),
}

impl<W: Write> Renderer<W> {
    pub fn new(format: Format, layout: Layout, schema: SchemaRef, out: W) -> Self {
        let body = match format {
            Format::Table => Body::Table(table::Table::new(layout, schema.clone(), out)),
            Format::Csv => {
                let writer = csv::WriterBuilder::new().with_header(true).build(out);
                Body::Csv(Box::new(writer), false)
            }
            Format::Json => Body::Json(json::writer(out)),
            Format::Ndjson => Body::Ndjson(json::writer(out)),
            Format::Markdown => Body::Markdown(markdown::Markdown::new(schema.clone(), out)),
        };
        Self { schema, rows: 0, body }
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows += batch.num_rows();
        match &mut self.body {
            Body::Table(table) => table.push(batch),
            Body::Csv(writer, has_header) => {
                *has_header = true;
                writer.write(&plain::text_columns(batch)?)?;
            }
            Body::Json(writer) => writer.write(&plain::distinct_names(batch)?)?,
            Body::Ndjson(writer) => writer.write(&plain::distinct_names(batch)?)?,
            Body::Markdown(writer) => writer.write(batch)?,
        }
        Ok(())
    }

    /// Writes what is still held back: the table itself, a header without rows, a closing bracket.
    pub fn finish(self) -> Result<Summary> {
        let mut summary = Summary { rows: self.rows, hidden_columns: 0 };
        match self.body {
            Body::Table(table) => summary.hidden_columns = table.finish()?,
            Body::Csv(mut writer, has_header) => {
                if !has_header {
                    let empty = RecordBatch::new_empty(self.schema);
                    writer.write(&plain::text_columns(&empty)?)?;
                }
            }
            Body::Json(mut writer) => {
                writer.finish()?;
                writer.get_mut().flush()?;
            }
            Body::Ndjson(mut writer) => {
                writer.finish()?;
                writer.get_mut().flush()?;
            }
            Body::Markdown(writer) => writer.finish()?,
        }
        Ok(summary)
    }
}

/// Writes batches that are already there.
pub fn write_batches(
    format: Format,
    layout: Layout,
    schema: SchemaRef,
    batches: &[RecordBatch],
    out: impl Write,
) -> Result<Summary> {
    let mut renderer = Renderer::new(format, layout, schema, out);
    for batch in batches {
        renderer.write(batch)?;
    }
    renderer.finish()
}

/// Writes a running query's rows as they come.
pub async fn write_stream(
    format: Format,
    layout: Layout,
    mut stream: SendableRecordBatchStream,
    out: impl Write,
) -> Result<Summary> {
    let mut renderer = Renderer::new(format, layout, stream.schema(), out);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| Error::new(error.strip_backtrace()))?;
        renderer.write(&batch)?;
    }
    renderer.finish()
}
