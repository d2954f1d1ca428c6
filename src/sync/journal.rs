//! Rows of the system tables: what was landed, what was refused, what was asked.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use uuid::Uuid;

use super::report::Diagnostic;
use crate::error::Result;
use crate::sync::stripe::first_128;

/// A row of `system.syncs`.
#[derive(Debug, Clone, Default)]
pub struct SyncRow {
    pub key: [u8; 16],
    pub source: &'static str,
    pub path: String,
    pub format: &'static str,
    pub content_hash: Option<String>,
    /// `None` ends a landing.
    pub relation: Option<String>,
    pub bytes: Option<u64>,
    pub rows: Option<u64>,
    pub new_rows: Option<u64>,
    pub duplicates: Option<u64>,
    pub rejected: Option<u64>,
    pub outcome: Option<&'static str>,
    pub reason: Option<String>,
    /// Everything that was created or changed before is there, µs.
    pub complete_through: Option<i64>,
    pub requests: Option<u64>,
}

/// A row of `system.diagnostics`.
#[derive(Debug, Clone, Default)]
pub struct DiagnosticRow {
    pub kind: &'static str,
    pub path: String,
    pub line: Option<u64>,
    pub relation: Option<String>,
    pub id: Option<String>,
    pub field: Option<String>,
    pub reason: String,
}

impl DiagnosticRow {
    /// A field of a landed row that could not be read.
    pub fn unread(path: &str, diagnostic: &Diagnostic) -> Self {
        Self {
            kind: "unread field",
            path: path.to_owned(),
            line: diagnostic.line,
            relation: Some(diagnostic.table.replace('/', ".")),
            id: Some(diagnostic.id.clone()),
            field: Some(diagnostic.field.clone()),
            reason: diagnostic.reason.clone(),
        }
    }

    /// The same thing is told once, however often it is seen.
    fn key(&self) -> [u8; 16] {
        let place = format!("{:?} {:?} {:?} {:?}", self.line, self.relation, self.id, self.field);
        key(&[self.path.as_bytes(), place.as_bytes(), self.reason.as_bytes()])
    }
}

/// 128 bits over parts, each with its length.
pub fn key(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    first_128(&hasher)
}

pub fn syncs(rows: &[SyncRow], at: i64) -> Result<RecordBatch> {
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("key", keys(rows.iter().map(|row| row.key)), false),
        ("at", moments(rows.iter().map(|_| Some(at))), true),
        ("source", texts(rows.iter().map(|row| Some(row.source))), true),
        ("path", texts(rows.iter().map(|row| Some(&row.path))), true),
        ("format", texts(rows.iter().map(|row| Some(row.format))), true),
        ("content_hash", texts(rows.iter().map(|row| row.content_hash.as_ref())), true),
        ("relation", texts(rows.iter().map(|row| row.relation.as_ref())), true),
        ("bytes", numbers(rows.iter().map(|row| row.bytes)), true),
        ("rows", numbers(rows.iter().map(|row| row.rows)), true),
        ("new_rows", numbers(rows.iter().map(|row| row.new_rows)), true),
        ("duplicates", numbers(rows.iter().map(|row| row.duplicates)), true),
        ("rejected", numbers(rows.iter().map(|row| row.rejected)), true),
        ("outcome", texts(rows.iter().map(|row| row.outcome)), true),
        ("reason", texts(rows.iter().map(|row| row.reason.as_ref())), true),
        ("complete_through", moments(rows.iter().map(|row| row.complete_through)), true),
        ("requests", numbers(rows.iter().map(|row| row.requests)), true),
    ])?)
}

pub fn diagnostics(rows: &[DiagnosticRow], at: i64) -> Result<RecordBatch> {
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("key", keys(rows.iter().map(DiagnosticRow::key)), false),
        ("at", moments(rows.iter().map(|_| Some(at))), true),
        ("kind", texts(rows.iter().map(|row| Some(row.kind))), true),
        ("path", texts(rows.iter().map(|row| Some(&row.path))), true),
        ("line", numbers(rows.iter().map(|row| row.line)), true),
        ("relation", texts(rows.iter().map(|row| row.relation.as_ref())), true),
        ("id", texts(rows.iter().map(|row| row.id.as_ref())), true),
        ("field", texts(rows.iter().map(|row| row.field.as_ref())), true),
        ("reason", texts(rows.iter().map(|row| Some(&row.reason))), true),
    ])?)
}

pub fn requests(source: &str, requests: u64, at: i64) -> Result<RecordBatch> {
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("key", keys([*Uuid::new_v4().as_bytes()]), false),
        ("at", moments([Some(at)]), true),
        ("source", texts([Some(source)]), true),
        ("requests", numbers([Some(requests)]), true),
    ])?)
}

fn keys(values: impl IntoIterator<Item = [u8; 16]>) -> ArrayRef {
    Arc::new(BinaryArray::from_iter_values(values))
}

fn texts<T: AsRef<str>>(values: impl IntoIterator<Item = Option<T>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<StringArray>())
}

fn numbers(values: impl IntoIterator<Item = Option<u64>>) -> ArrayRef {
    let values = values.into_iter();
    let values = values.map(|value| value.map(|n| i64::try_from(n).unwrap_or(i64::MAX)));
    Arc::new(values.collect::<Int64Array>())
}

fn moments(values: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    let values: TimestampMicrosecondArray = values.into_iter().collect();
    Arc::new(values.with_timezone("UTC"))
}
