//! One line per column: for rows too wide for any terminal. Nothing is shortened.

use std::io::Write;

use arrow::array::RecordBatch;

use super::table::{for_each_row, paint};
use super::{Layout, text};
use crate::error::Result;

/// A ruler is drawn no wider than this, however wide the terminal is.
const RULER: usize = 60;

pub fn draw(
    headers: &[String],
    batches: &[RecordBatch],
    layout: Layout,
    out: &mut impl Write,
) -> Result<()> {
    let name_width = headers.iter().map(|name| text::width(name)).max().unwrap_or(0);
    let ruler = layout.width.unwrap_or(RULER).min(RULER);
    for_each_row(batches, |number, cells| {
        let title = format!("─[ {number} ]");
        writeln!(out, "{title}{}", "─".repeat(ruler.saturating_sub(text::width(&title))))?;
        for (name, cell) in headers.iter().zip(cells) {
            let mut name = name.as_str();
            for line in cell.text.split('\n') {
                let blanks = " ".repeat(name_width - text::width(name));
                let line = paint(line, cell.is_null && layout.is_coloured);
                writeln!(out, "{name}{blanks} │ {line}")?;
                name = "";
            }
        }
        Ok(())
    })
}
