//! A boxed table that fits the terminal.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use unicode_width::UnicodeWidthStr;

use super::cell::{Cells, Reader, is_number, is_whole};
use super::fit::{Fit, Wish, fit};
use super::{Layout, expanded, text};
use crate::error::Result;

/// Rows kept for a terminal; nobody scrolls further, and memory stays bounded.
const ROWS_ON_A_TERMINAL: usize = 1000;
/// A column of text may shrink to this width before columns are left out.
const LEAST_TEXT: usize = 10;
/// A header above narrow numbers may shrink to this width.
const LEAST_HEADER: usize = 6;

pub struct Table<W: Write> {
    layout: Layout,
    schema: SchemaRef,
    out: W,
    kept: Vec<RecordBatch>,
    kept_rows: usize,
    rows: usize,
}

/// One value, ready to be drawn: harmless, perhaps of several lines.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    pub text: String,
    pub is_null: bool,
}

impl<W: Write> Table<W> {
    pub fn new(layout: Layout, schema: SchemaRef, out: W) -> Self {
        Self { layout, schema, out, kept: Vec::new(), kept_rows: 0, rows: 0 }
    }

    pub fn push(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows();
        let room = match self.layout.width {
            Some(_) => ROWS_ON_A_TERMINAL - self.kept_rows,
            None => usize::MAX,
        };
        let kept = batch.slice(0, batch.num_rows().min(room));
        if kept.num_rows() > 0 {
            self.kept_rows += kept.num_rows();
            self.kept.push(kept);
        }
    }

    /// Draws everything; returns how many columns found no room.
    pub fn finish(mut self) -> Result<usize> {
        if self.schema.fields().is_empty() && self.rows == 0 {
            return Ok(0);
        }
        let headers: Vec<String> =
            self.schema.fields().iter().map(|f| text::visible(f.name()).into_owned()).collect();
        let hidden = if self.layout.is_expanded {
            expanded::draw(&headers, &self.kept, self.layout, &mut self.out)?;
            0..0
        } else {
            self.draw(&headers)?
        };
        if self.rows > self.kept_rows {
            writeln!(self.out, "… {} more rows", self.rows - self.kept_rows)?;
        }
        writeln!(self.out, "({})", text::count(self.rows, "row"))?;
        if !hidden.is_empty() {
            let names = headers[hidden.clone()].join(", ");
            let line = format!("{} not shown: {names}", text::count(hidden.len(), "column"));
            writeln!(self.out, "{line}")?;
        }
        self.out.flush()?;
        Ok(hidden.len())
    }

    fn draw(&mut self, headers: &[String]) -> Result<std::ops::Range<usize>> {
        let fit = fit(&self.wishes(headers)?, self.layout.width);
        let pen = Pen::new(&fit, &self.schema, self.layout.is_coloured);
        let titles: Vec<Cell> =
            headers.iter().map(|name| Cell { text: name.clone(), is_null: false }).collect();
        let out = &mut self.out;
        pen.rule(out, ["┌", "┬", "┐"])?;
        pen.row(out, &titles)?;
        pen.rule(out, ["├", "┼", "┤"])?;
        for_each_row(&self.kept, |_, cells| pen.row(out, cells))?;
        pen.rule(out, ["└", "┴", "┘"])?;
        Ok(fit.hidden)
    }

    fn wishes(&self, headers: &[String]) -> Result<Vec<Wish>> {
        let mut widths = vec![0; headers.len()];
        for_each_row(&self.kept, |_, cells| {
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = text::width(&cell.text).max(*width);
            }
            Ok(())
        })?;
        let fields = self.schema.fields().iter();
        let wishes = fields.zip(headers).zip(widths).map(|((field, header), width)| {
            let natural = width.max(text::width(header)).max(1);
            let least =
                if is_whole(field.data_type()) { width.max(LEAST_HEADER) } else { LEAST_TEXT };
            Wish { natural, least: least.min(natural) }
        });
        Ok(wishes.collect())
    }
}

/// Hands out every row, with its number from 1 on.
pub fn for_each_row(
    batches: &[RecordBatch],
    mut visit: impl FnMut(usize, &[Cell]) -> Result<()>,
) -> Result<()> {
    let mut number = 0;
    let mut raw = String::new();
    for batch in batches {
        let schema = batch.schema_ref();
        let columns = schema.fields().iter().zip(batch.columns());
        let mut columns = columns
            .map(|(field, array)| Cells::new(field, array, Reader::Person))
            .collect::<Result<Vec<_>>>()?;
        let mut row = vec![Cell::default(); columns.len()];
        for index in 0..batch.num_rows() {
            for (cells, cell) in columns.iter_mut().zip(&mut row) {
                cell.is_null = !cells.read(index, &mut raw)?;
                cell.text.clear();
                cell.text.push_str(if cell.is_null { "NULL" } else { raw.trim_end_matches('\n') });
                if let std::borrow::Cow::Owned(safe) = text::visible(&cell.text) {
                    cell.text = safe;
                }
            }
            number += 1;
            visit(number, &row)?;
        }
    }
    Ok(())
}

/// Draws lines of fixed columns.
struct Pen {
    columns: Vec<PenColumn>,
    is_coloured: bool,
}

enum PenColumn {
    Value { index: usize, width: usize, is_number: bool },
    Gap,
}

impl Pen {
    fn new(fit: &Fit, schema: &SchemaRef, is_coloured: bool) -> Self {
        let mut columns = Vec::with_capacity(fit.shown.len() + 1);
        for &(index, width) in &fit.shown {
            if index == fit.hidden.end && !fit.hidden.is_empty() {
                columns.push(PenColumn::Gap);
            }
            let is_number = is_number(schema.field(index).data_type());
            columns.push(PenColumn::Value { index, width, is_number });
        }
        if !fit.hidden.is_empty() && fit.hidden.end == schema.fields().len() {
            columns.push(PenColumn::Gap);
        }
        Self { columns, is_coloured }
    }

    fn rule(&self, out: &mut impl Write, [left, middle, right]: [&str; 3]) -> Result<()> {
        let lines = self.columns.iter().map(|column| match column {
            PenColumn::Value { width, .. } => "─".repeat(width + 2),
            PenColumn::Gap => "───".to_owned(),
        });
        writeln!(out, "{left}{}{right}", lines.collect::<Vec<_>>().join(middle))?;
        Ok(())
    }

    fn row(&self, out: &mut impl Write, cells: &[Cell]) -> Result<()> {
        let height = self.columns.iter().map(|column| match column {
            PenColumn::Value { index, .. } => cells[*index].text.split('\n').count(),
            PenColumn::Gap => 1,
        });
        for line in 0..height.max().unwrap_or(1) {
            for column in &self.columns {
                match column {
                    PenColumn::Gap => write!(out, "│ … ")?,
                    PenColumn::Value { index, width, is_number } => {
                        let cell = &cells[*index];
                        let part = cell.text.split('\n').nth(line).unwrap_or("");
                        let shown = text::cut(part, *width);
                        let blanks = " ".repeat(width.saturating_sub(shown.width()));
                        let shown = paint(&shown, cell.is_null && self.is_coloured);
                        if *is_number {
                            write!(out, "│ {blanks}{shown} ")?;
                        } else {
                            write!(out, "│ {shown}{blanks} ")?;
                        }
                    }
                }
            }
            writeln!(out, "│")?;
        }
        Ok(())
    }
}

/// Dims the text.
pub fn paint(text: &str, is_dim: bool) -> std::borrow::Cow<'_, str> {
    if is_dim { format!("\x1b[2m{text}\x1b[0m").into() } else { text.into() }
}
