//! A Markdown table, written as the rows come.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::cell::{Cells, Reader, is_number};
use super::text::visible;
use crate::error::Result;

pub struct Markdown<W: Write> {
    schema: SchemaRef,
    out: W,
    has_header: bool,
}

impl<W: Write> Markdown<W> {
    pub fn new(schema: SchemaRef, out: W) -> Self {
        Self { schema, out, has_header: false }
    }

    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.header()?;
        let fields = batch.schema_ref().fields();
        let columns = fields.iter().zip(batch.columns());
        let mut columns = columns
            .map(|(field, array)| Cells::new(field, array, Reader::Person))
            .collect::<Result<Vec<_>>>()?;
        let mut text = String::new();
        for row in 0..batch.num_rows() {
            for cells in &mut columns {
                cells.read(row, &mut text)?;
                write!(self.out, "| {} ", escape(&text))?;
            }
            writeln!(self.out, "|")?;
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<()> {
        self.header()?;
        Ok(self.out.flush()?)
    }

    fn header(&mut self) -> Result<()> {
        if self.has_header || self.schema.fields().is_empty() {
            return Ok(());
        }
        self.has_header = true;
        for field in self.schema.fields() {
            write!(self.out, "| {} ", escape(field.name()))?;
        }
        writeln!(self.out, "|")?;
        for field in self.schema.fields() {
            write!(self.out, "| {} ", if is_number(field.data_type()) { "---:" } else { "---" })?;
        }
        writeln!(self.out, "|")?;
        Ok(())
    }
}

/// A bar would end the cell, a line break the row.
fn escape(text: &str) -> String {
    let text = text.replace('|', "\\|").replace("\r\n", "<br>").replace(['\n', '\r'], "<br>");
    visible(&text).into_owned()
}
