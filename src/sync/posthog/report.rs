//! What came of a sync: for the person who ran it, and as rows of the system tables.

use std::collections::BTreeSet;

use super::api::Failure;
use super::settings::Datum;
use crate::sync::journal::{DiagnosticRow, SyncRow, key};
use crate::sync::log::Counts;
use crate::sync::report::FileReport;

/// How something is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Export,
    Query,
    List,
}

impl Way {
    pub fn word(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Query => "query",
            Self::List => "list",
        }
    }
}

/// What came of reading one kind of data.
#[derive(Debug)]
pub struct Reading {
    pub datum: &'static Datum,
    pub way: Way,
    pub counts: Counts,
    pub rejected: u64,
    /// What the files said, each thing once.
    pub notes: BTreeSet<String>,
    pub failure: Option<Failure>,
    /// Why it came by query.
    pub no_export: Option<Failure>,
    /// Everything that was ingested before is there, µs.
    pub through: Option<i64>,
}

impl Reading {
    pub fn new(datum: &'static Datum, way: Way) -> Self {
        Self {
            datum,
            way,
            counts: Counts::default(),
            rejected: 0,
            notes: BTreeSet::new(),
            failure: None,
            no_export: None,
            through: None,
        }
    }

    pub fn add(&mut self, file: FileReport, counts: Counts) {
        self.counts.add(counts);
        self.rejected += file.rejected;
        self.notes.extend(file.notes);
    }

    pub fn fail(mut self, failure: Failure) -> Self {
        self.failure = Some(failure);
        self
    }
}

/// The end of a sync.
#[derive(Debug, Default)]
pub struct Report {
    pub readings: Vec<Reading>,
    /// Why nothing could be read.
    pub failure: Option<Failure>,
    pub requests: u64,
}

impl Report {
    pub fn new_rows(&self) -> u64 {
        self.readings.iter().map(|reading| reading.counts.total().0).sum()
    }

    pub fn rejected(&self) -> u64 {
        self.readings.iter().map(|reading| reading.rejected).sum()
    }

    pub fn failures(&self) -> impl Iterator<Item = (&Reading, &Failure)> {
        self.readings.iter().filter_map(|reading| Some((reading, reading.failure.as_ref()?)))
    }

    /// Why the sync as a whole came to an end before its time.
    pub fn end(&self) -> Option<&Failure> {
        let mut failures = self.failures().map(|(_, failure)| failure);
        self.failure.as_ref().or_else(|| failures.find(|failure| failure.ends_the_sync()))
    }

    /// Rows of `system.syncs`: one a kind of data, and one for the whole.
    pub fn rows(&self, scope: &str, at: i64) -> Vec<SyncRow> {
        let stamp = at.to_le_bytes();
        let row = |part: &[u8], failure: Option<&Failure>| SyncRow {
            key: key(&[scope.as_bytes(), &stamp, part]),
            source: "posthog",
            path: scope.to_owned(),
            outcome: Some(failure.map_or("landed", Failure::word)),
            reason: failure.map(|failure| failure.message.clone()),
            ..SyncRow::default()
        };
        let mut rows: Vec<SyncRow> = self
            .readings
            .iter()
            .map(|reading| {
                let (new_rows, duplicates) = reading.counts.of(reading.datum.table);
                SyncRow {
                    format: match reading.way {
                        Way::Export => "posthog export",
                        Way::Query => "posthog query",
                        Way::List => "posthog list",
                    },
                    relation: Some(reading.datum.table.replace('/', ".")),
                    rows: Some(new_rows + duplicates),
                    new_rows: Some(new_rows),
                    duplicates: Some(duplicates),
                    rejected: Some(reading.rejected),
                    complete_through: reading.through,
                    ..row(reading.datum.name.as_bytes(), reading.failure.as_ref())
                }
            })
            .collect();
        let events = self.readings.iter().find(|reading| reading.datum.name == "events");
        rows.push(SyncRow {
            format: "posthog api",
            new_rows: Some(self.new_rows()),
            complete_through: events.and_then(|events| events.through),
            requests: Some(self.requests),
            ..row(b"whole", self.end())
        });
        rows
    }

    /// Rows of `system.diagnostics`: what was denied and what failed.
    pub fn diagnostics(&self, scope: &str) -> Vec<DiagnosticRow> {
        let row = |kind, datum: Option<&Datum>, failure: &Failure| DiagnosticRow {
            kind,
            path: scope.to_owned(),
            relation: datum.map(|datum| datum.table.replace('/', ".")),
            reason: failure.message.clone(),
            ..DiagnosticRow::default()
        };
        let whole = self.failure.iter().map(|failure| row(failure.word(), None, failure));
        let failed = self
            .failures()
            .map(|(reading, failure)| row(failure.word(), Some(reading.datum), failure));
        let by_query = self.readings.iter().filter_map(|reading| {
            Some(row("no export", Some(reading.datum), reading.no_export.as_ref()?))
        });
        whole.chain(failed).chain(by_query).collect()
    }
}
