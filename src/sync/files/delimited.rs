//! CSV, with any of the usual separators: each row becomes a record of its header's columns.

use std::borrow::Cow;
use std::io::BufRead;

use csv::{ByteRecord, Reader, ReaderBuilder};

use crate::sync::json::Json;
use crate::sync::report::Refusal;

/// The rows of a CSV text.
pub struct Table<R> {
    reader: Reader<R>,
    header: Vec<String>,
    row: ByteRecord,
}

impl<R: BufRead> Table<R> {
    /// Reads the header; the error says what is wrong with it.
    pub fn new(mut text: R) -> Result<Self, String> {
        let head = text.fill_buf().map_err(|error| super::open::reason(&error))?;
        let delimiter = delimiter(head);
        let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text);
        let header = reader.headers().map_err(|error| reason(&error))?;
        let header = header.iter().map(|name| name.trim().to_owned()).collect();
        Ok(Self { reader, header, row: ByteRecord::new() })
    }

    /// The columns as a record without values.
    pub fn columns(&self) -> Json<'_> {
        let fields = self.header.iter().filter(|name| !name.is_empty());
        Json::Object(fields.map(|name| (Cow::Borrowed(&**name), Json::Null)).collect())
    }

    /// Shows each row to `take` with its line; `false` from it ends the reading.
    pub fn read<E>(
        &mut self,
        mut take: impl FnMut(Result<Json<'_>, Refusal>, u64) -> Result<bool, E>,
    ) -> Result<(), E> {
        loop {
            let line = self.reader.position().line();
            let row = match self.reader.read_byte_record(&mut self.row) {
                Ok(false) => return Ok(()),
                Ok(true) => record(&self.header, &self.row),
                Err(error) => {
                    take(Err(Refusal::new(reason(&error))), line)?;
                    return Ok(());
                }
            };
            let line = self.row.position().map_or(line, csv::Position::line);
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

/// The separator that the first line has most of.
fn delimiter(head: &[u8]) -> u8 {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: u8| line.iter().filter(|&&byte| byte == delimiter).count();
    [b'\t', b';', b','].into_iter().max_by_key(|&delimiter| count(delimiter)).unwrap_or(b',')
}

fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "the header is not UTF-8".to_owned(),
        csv::ErrorKind::Io(error) => super::open::reason(error),
        _ => format!("not CSV: {error}"),
    }
}
