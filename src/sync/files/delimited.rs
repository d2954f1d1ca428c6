//! CSV, with any of the usual separators: each row becomes a record of its header's columns.

use std::borrow::Cow;
use std::io::BufRead;

use csv::{ByteRecord, Reader, ReaderBuilder};
use memchr::memchr2;

use super::same_name::{SameName, tell_apart, without_values};
use crate::sync::json::Json;
use crate::sync::report::Refusal;

/// What separates cells; of equally good ones the first.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Rows by which a separator is found.
const ROWS_TO_TRY: usize = 50;

/// The rows of a CSV text.
pub struct Table<R> {
    reader: Reader<R>,
    header: Vec<String>,
    /// Columns that the text gives one name.
    pub same_names: Vec<SameName>,
    row: ByteRecord,
    /// Lines before the header.
    skipped: u64,
}

impl<R: BufRead> Table<R> {
    /// Reads the header; the error says what is wrong with it. Columns that `are_known` tell how
    /// they are separated.
    pub fn new(mut text: R, are_known: impl Fn(&Json<'_>) -> bool) -> Result<Self, String> {
        let head = text.fill_buf().map_err(|error| super::open::reason(&error))?;
        let (separator, length) =
            first_line(head).unwrap_or_else(|| (separator(head, are_known), 0));
        text.consume(length);
        let mut reader = rows_of(separator).from_reader(text);
        let header = reader.headers().map_err(|error| reason(&error))?;
        let mut header = names(header.iter());
        let same_names = tell_apart(&mut header);
        let skipped = u64::from(length > 0);
        Ok(Self { reader, header, same_names, row: ByteRecord::new(), skipped })
    }

    /// The columns as a record without values.
    pub fn columns(&self) -> Json<'_> {
        without_values(&self.header)
    }

    /// Shows each row to `take` with its line; `false` from it ends the reading.
    pub fn read<E>(
        &mut self,
        mut take: impl FnMut(Result<Json<'_>, Refusal>, u64) -> Result<bool, E>,
    ) -> Result<(), E> {
        loop {
            let line = self.skipped + self.reader.position().line();
            let row = match self.reader.read_byte_record(&mut self.row) {
                Ok(false) => return Ok(()),
                Ok(true) => record(&self.header, &self.row),
                Err(error) => {
                    take(Err(Refusal::new(reason(&error))), line)?;
                    return Ok(());
                }
            };
            let line = self.row.position().map_or(line, |at| self.skipped + at.line());
            if !take(row, line)? {
                return Ok(());
            }
        }
    }
}

fn record<'a>(header: &'a [String], row: &'a ByteRecord) -> Result<Json<'a>, Refusal> {
    if row.len() != header.len() {
        let (found, wanted) = (row.len(), header.len());
        let how = if row.iter().next_back().is_some_and(|cell| cell.contains(&b'\n')) {
            "; a quote may not be closed"
        } else {
            ""
        };
        return Err(Refusal::new(format!("{found} columns where the header has {wanted}{how}")));
    }
    let cell = |(name, cell): (&'a String, &'a [u8])| match std::str::from_utf8(cell) {
        Ok(text) => Ok((Cow::Borrowed(&**name), value(text))),
        Err(_) => Err(Refusal::of(name, "not UTF-8")),
    };
    let cells = header.iter().zip(row).filter(|(name, _)| !name.is_empty());
    Ok(Json::Object(cells.map(cell).collect::<Result<_, _>>()?))
}

/// A cell in the type that it spells: numbers written as JSON writes them, true and false. An
/// empty cell is nothing.
fn value(text: &str) -> Json<'_> {
    match text {
        "" => Json::Null,
        "true" => Json::Bool(true),
        "false" => Json::Bool(false),
        text if text.starts_with(['-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) => {
            match Json::parse(text) {
                Ok(number @ Json::Number(_)) => number,
                _ => Json::String(Cow::Borrowed(text)),
            }
        }
        text => Json::String(Cow::Borrowed(text)),
    }
}

fn rows_of(separator: u8) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder.delimiter(separator).flexible(true);
    builder
}

/// The separator that Excel's first line names, `sep=;`, and the length of that line.
fn first_line(head: &[u8]) -> Option<(u8, usize)> {
    let end = memchr2(b'\r', b'\n', head)?;
    let line = &head[..end];
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let (name, separator) = line.split_at_checked(4)?;
    let &[separator] = separator else { return None };
    let is_one = separator.is_ascii() && !separator.is_ascii_alphanumeric() && separator != b'"';
    let length = end + if head[end..].starts_with(b"\r\n") { 2 } else { 1 };
    (name.eq_ignore_ascii_case(b"sep=") && is_one).then_some((separator, length))
}

fn names<'a>(header: impl Iterator<Item = &'a str>) -> Vec<String> {
    header.map(|name| name.trim().to_owned()).collect()
}

/// The separator that gives the first rows several columns, known ones, and all of them as many.
fn separator(head: &[u8], are_known: impl Fn(&Json<'_>) -> bool) -> u8 {
    let fit = |&separator: &u8| {
        let mut reader = rows_of(separator).has_headers(false).from_reader(head);
        let mut rows = reader.byte_records().map_while(Result::ok);
        let header = rows.next().unwrap_or_default();
        let columns = header.len();
        let mut widths: Vec<usize> = rows.take(ROWS_TO_TRY).map(|row| row.len()).collect();
        // The last row of what was read so far may go on.
        if widths.len() > 1 && !head.ends_with(b"\n") && !head.ends_with(b"\r") {
            widths.pop();
        }
        let alike = widths.iter().filter(|width| **width == columns).count();
        // Where a separator stands inside quotes, these are left over in the names beside it.
        let is_cut = header.iter().any(|name| name.contains(&b'"'));
        let names = names(header.iter().filter_map(|name| std::str::from_utf8(name).ok()));
        let are_known = columns > 1 && are_known(&without_values(&names));
        (columns > 1, are_known, !is_cut, alike == widths.len(), alike, columns)
    };
    SEPARATORS.into_iter().rev().max_by_key(fit).unwrap_or(b',')
}

fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "the header is not UTF-8".to_owned(),
        csv::ErrorKind::Io(error) => super::open::reason(error),
        _ => format!("not CSV: {error}"),
    }
}
