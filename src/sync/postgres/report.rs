//! What came of reading one entry: for the person who ran it, and as rows of the system tables.

use super::settings::PostgresSource;
use super::tally::Tally;
use crate::error::Error;
use crate::sync::journal::{DiagnosticRow, SyncRow, key};

/// The end of a reading.
#[derive(Debug)]
pub struct Report {
    pub name: String,
    /// `postgres_log.events`.
    pub relation: String,
    pub new_rows: u64,
    /// Rows that are not there any more.
    pub deleted: u64,
    pub tally: Tally,
    /// Everything that was visible at this moment of the server has landed, µs.
    pub complete: Option<i64>,
    pub failure: Option<Error>,
}

impl Report {
    pub fn new(source: &PostgresSource) -> Self {
        let table = source.lake_table();
        Self {
            name: source.name.clone(),
            relation: table.replace('/', "."),
            new_rows: 0,
            deleted: 0,
            tally: Tally::new(&source.name, &table),
            complete: None,
            failure: None,
        }
    }

    /// True if all that was there has landed.
    pub fn is_whole(&self) -> bool {
        self.failure.is_none() && self.tally.rejected == 0
    }

    /// The row of `system.syncs`.
    pub fn row(&self, at: i64) -> SyncRow {
        SyncRow {
            key: key(&[b"postgres", self.name.as_bytes(), &at.to_le_bytes()]),
            source: "postgres",
            path: self.name.clone(),
            format: "postgres",
            relation: Some(self.relation.clone()),
            rows: Some(self.tally.rows),
            new_rows: Some(self.new_rows),
            duplicates: Some(self.tally.rows.saturating_sub(self.tally.rejected + self.new_rows)),
            rejected: Some(self.tally.rejected),
            outcome: Some(if self.failure.is_some() { "failing" } else { "landed" }),
            reason: self.failure.as_ref().map(|failure| failure.message().to_owned()),
            complete_through: self.complete,
            ..SyncRow::default()
        }
    }

    pub fn diagnostics(&self) -> Vec<DiagnosticRow> {
        let failure = self.failure.as_ref().map(|failure| DiagnosticRow {
            kind: "failing",
            path: self.name.clone(),
            relation: Some(self.relation.clone()),
            reason: failure.message().to_owned(),
            ..DiagnosticRow::default()
        });
        self.tally.problems.iter().cloned().chain(failure).collect()
    }
}
