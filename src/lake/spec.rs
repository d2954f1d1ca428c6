//! What a table is declared to be, and what it may be declared to be.

use std::time::Duration;

use arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};

use super::marks::Marking;
use crate::error::{Error, Result};

/// The column by which a row is known: 16 bytes, never NULL.
pub(super) const KEY: &str = "key";

/// The declaration of a table. Readers see its schema, whatever older files lack.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// Folder inside the lake, such as `stripe_log/invoices`: lower case, digits, `_`, `/`.
    pub name: String,
    /// Arrow schema with a `key` column of 16-byte `Binary`; every other column, nested ones too,
    /// is nullable.
    pub schema: SchemaRef,
    /// Timestamp column whose minimum and maximum every file reports, for pruning.
    pub time_column: Option<String>,
    /// How far from its first time a key can come back. `Some` lets an append look for duplicates
    /// only in the files near its own times; `None`, which is always right, looks in all of them.
    pub repeats_within: Option<Duration>,
    /// Whether compacted files hold the rows of one span of time each, for questions about a time.
    pub split_by_time: bool,
    /// Columns that every file is sorted by: ascending, NULL last. Two at most, of text or
    /// time, and one of time at most.
    pub sort_by: Vec<String>,
    /// What the log keeps of the rows of each file besides the extremes of the time column.
    pub marking: Option<Marking>,
}

impl TableSpec {
    /// The position of the key column.
    pub(super) fn key_index(&self) -> Result<usize> {
        Ok(self.schema.index_of(KEY)?)
    }

    /// The position of the time column, where there is one.
    pub(super) fn time_index(&self) -> Result<Option<usize>> {
        let Some(column) = &self.time_column else { return Ok(None) };
        Ok(Some(self.schema.index_of(column)?))
    }

    /// Fails with the first thing that a table of the lake cannot be.
    pub(super) fn check(&self) -> Result<()> {
        if !self.name.split('/').all(is_name) {
            return Err(Error::new(format!("'{}' is not a table name", self.name))
                .hint("use lower case letters, digits and _ only, as in stripe_log/invoices"));
        }
        let wrong =
            |what: String| Error::new(format!("{what} in the schema of table {}", self.name));
        match self.schema.field_with_name(KEY) {
            Ok(key) if *key.data_type() == DataType::Binary && !key.is_nullable() => {}
            _ => return Err(wrong(format!("there is no column '{KEY}' of type Binary NOT NULL"))),
        }
        for field in self.schema.fields().iter().filter(|field| field.name() != KEY) {
            check_field(field.name(), field).map_err(wrong)?;
        }
        if let Some(column) = &self.time_column {
            match self.schema.field_with_name(column) {
                Ok(field) if is_timestamp(field.data_type()) => {}
                _ => return Err(wrong(format!("there is no timestamp column '{column}'"))),
            }
        }
        if self.split_by_time && self.time_column.is_none() {
            return Err(wrong("there is no time column to split by".to_owned()));
        }
        for column in &self.sort_by {
            match self.schema.field_with_name(column).map(Field::data_type) {
                Ok(DataType::Utf8) => {}
                Ok(data_type) if is_timestamp(data_type) => {}
                _ => return Err(wrong(format!("there is no column '{column}' to sort by"))),
            }
        }
        let is_text = |name: &&String| {
            self.schema
                .field_with_name(name)
                .is_ok_and(|field| *field.data_type() == DataType::Utf8)
        };
        if self.sort_by.len() > 2
            || self.sort_by.len() - self.sort_by.iter().filter(is_text).count() > 1
        {
            return Err(wrong("there are too many columns to sort by".to_owned()));
        }
        Ok(())
    }
}

/// Whether a folder of the lake may be called so.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && !name.starts_with('_')
}

/// Only types that every Delta reader gives back as they were written.
fn check_field(path: &str, field: &Field) -> Result<(), String> {
    if !field.is_nullable() {
        return Err(format!("column '{path}' is not nullable"));
    }
    match field.data_type() {
        DataType::Boolean
        | DataType::Int32
        | DataType::Int64
        | DataType::Float64
        | DataType::Utf8
        | DataType::Binary
        | DataType::Date32
        | DataType::Decimal128(..) => Ok(()),
        data_type if is_timestamp(data_type) => Ok(()),
        DataType::List(element) => check_field(&format!("{path}[]"), element),
        DataType::Struct(fields) => fields
            .iter()
            .try_for_each(|field| check_field(&format!("{path}.{}", field.name()), field)),
        other => Err(format!("column '{path}' has the unsupported type {other}")),
    }
}

fn is_timestamp(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC")
}
