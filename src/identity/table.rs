//! A CSV file that a person writes: read whole, and strictly.

use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::error::{Error, Result};

/// A table of the folder `identity`.
pub(super) struct Table {
    pub name: &'static str,
    pub columns: &'static [&'static str],
    pub sentence: &'static str,
    /// What a new project's file says.
    pub template: &'static str,
}

/// A row that was written, and where.
pub(super) struct Row {
    path: PathBuf,
    columns: &'static [&'static str],
    pub line: u64,
    /// In the order of the table's columns, without blanks around.
    pub fields: Vec<String>,
}

impl Row {
    /// Says in which file, line and field something is wrong.
    pub fn error(&self, field: usize, what: impl std::fmt::Display) -> Error {
        let column = self.columns[field];
        Error::new(format!("{}:{}: {column}: {what}", self.path.display(), self.line))
    }

    /// Refuses a row that says something else than an earlier one.
    pub fn twice(&self, field: usize, key: &str, line: u64) -> Error {
        self.error(field, format!("`{key}` has another account in line {line}"))
            .hint("delete one of the two lines")
    }
}

impl Table {
    fn path(&self, dir: &Path) -> PathBuf {
        dir.join(self.name).with_extension("csv")
    }

    /// The rows of the file; none where there is no file.
    pub fn read(&self, dir: &Path) -> Result<Vec<Row>> {
        let path = self.path(dir);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            Err(error) => return Err(Error::from(error).context(path.display())),
        };
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|&&b| b == b'\n').count();
            Error::new(format!("{}:{line}: not text in UTF-8", path.display()))
                .hint("save the file as CSV in UTF-8")
        })?;
        let mut places: Option<Vec<usize>> = None;
        let mut rows = vec![];
        // No field spans lines, so each is read by itself and known by its number.
        for (line, text) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            let (text, place) = (text.trim(), format!("{}:{line}", path.display()));
            if text.starts_with('#') {
                continue;
            }
            let mut reader = ReaderBuilder::new()
                .has_headers(false)
                .trim(Trim::All)
                .from_reader(text.as_bytes());
            let Some(record) = reader.records().next() else { continue };
            let record = record.map_err(|error| Error::new(error.to_string()).context(&place))?;
            match &places {
                None => places = Some(self.places(&record, &place)?),
                Some(places) if record.len() != places.len() => {
                    return Err(self.uneven(&record, &place));
                }
                Some(places) => {
                    let fields = places.iter().map(|&at| record[at].to_owned()).collect();
                    rows.push(Row { path: path.clone(), columns: self.columns, line, fields });
                }
            }
        }
        Ok(rows)
    }

    /// Where each column stands, by the head line.
    fn places(&self, head: &StringRecord, place: &str) -> Result<Vec<usize>> {
        let expected = self.columns.join(",");
        let hint = match head.len() == 1 && head[0].contains([';', '\t']) {
            true => format!("separate columns by commas: {expected}"),
            false => format!("the first line is {expected}"),
        };
        let place_of = |column: &&str| head.iter().position(|name| name == *column);
        let places: Vec<usize> = self.columns.iter().filter_map(place_of).collect();
        if let Some(column) = self.columns.iter().find(|column| place_of(column).is_none()) {
            return Err(Error::new(format!("{place}: no column `{column}`")).hint(hint));
        }
        if let Some(other) = head.iter().find(|name| !self.columns.contains(name)) {
            return Err(Error::new(format!("{place}: unknown column `{other}`")).hint(hint));
        }
        match head.len() == places.len() {
            true => Ok(places),
            false => Err(Error::new(format!("{place}: a column stands there twice")).hint(hint)),
        }
    }

    fn uneven(&self, record: &StringRecord, place: &str) -> Error {
        let (found, expected) = (record.len(), self.columns.len());
        let error = Error::new(format!("{place}: {found} fields, not {expected}"));
        let written: Vec<&str> = record.iter().collect();
        if found + 1 == expected {
            return error
                .hint(format!("an empty last field has its comma: {},", written.join(",")));
        }
        error.hint(format!("a line is {}", self.columns.join(",")))
    }

    /// Writes the file of a new project, unless there is one.
    pub fn write_template(&self, dir: &Path) -> Result<()> {
        let path = self.path(dir);
        if path.exists() {
            return Ok(());
        }
        std::fs::write(&path, self.template)
            .map_err(|error| Error::from(error).context(path.display()))
    }
}
