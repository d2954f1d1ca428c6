//! What came of a sync: for the person who ran it, and as rows of the system tables.

use std::collections::BTreeMap;

use super::super::api::Failure;
use super::plan::Gap;
use super::position::Position;
use super::{EVENTS, Reading};
use crate::sync::journal::{DiagnosticRow, SyncRow, key};
use crate::time::SECOND_US;

/// The end of a sync.
#[derive(Debug)]
pub struct Report {
    pub readings: Vec<Reading>,
    pub gap: Option<Gap>,
    pub requests: u64,
    /// The requests that it takes at least: a page holds a hundred objects.
    pub least_requests: u64,
    /// Everything that was created or changed before is there, by resource, unix seconds.
    pub complete: BTreeMap<&'static str, i64>,
}

impl Report {
    pub fn new(
        readings: Vec<Reading>,
        gap: Option<Gap>,
        positions: &BTreeMap<&'static str, Position>,
        requests: u64,
    ) -> Self {
        let events = positions.get(EVENTS).map_or(0, |position| position.complete);
        let complete = positions
            .iter()
            .filter(|(_, position)| position.complete > 0)
            // What was listed stays current by events.
            .map(|(name, position)| (*name, position.complete.max(events)))
            .collect();
        let least_requests = readings.iter().map(|reading| reading.least_requests).sum();
        Self { readings, gap, requests, least_requests, complete }
    }

    pub fn new_rows(&self) -> u64 {
        self.readings.iter().map(|reading| reading.counts.total().0).sum()
    }

    pub fn failures(&self) -> impl Iterator<Item = (&Reading, &Failure)> {
        self.readings.iter().filter_map(|reading| Some((reading, reading.failure.as_ref()?)))
    }

    /// Resources that were read without their expansions, and why.
    pub fn without(&self) -> impl Iterator<Item = (&Reading, &Failure)> {
        self.readings.iter().filter_map(|reading| Some((reading, reading.without.as_ref()?)))
    }

    /// Why the sync as a whole came to an end before its time.
    pub fn end(&self) -> Option<&Failure> {
        self.failures().map(|(_, failure)| failure).find(|failure| failure.ends_the_sync())
    }

    /// Rows of `system.syncs`: one a resource, and one for the whole.
    pub fn rows(&self, scope: &str, at: i64) -> Vec<SyncRow> {
        let stamp = at.to_le_bytes();
        let mut rows: Vec<SyncRow> = self
            .readings
            .iter()
            .enumerate()
            .map(|(number, reading)| {
                let resource = reading.resource;
                let (new_rows, duplicates) = reading.counts.of(resource.table);
                SyncRow {
                    key: key(&[scope.as_bytes(), &stamp, &number.to_le_bytes()]),
                    source: "stripe",
                    path: resource.path.to_owned(),
                    format: "stripe api",
                    relation: Some(resource.table.replace('/', ".")),
                    rows: Some(new_rows + duplicates),
                    new_rows: Some(new_rows),
                    duplicates: Some(duplicates),
                    outcome: Some(reading.failure.as_ref().map_or("landed", Failure::word)),
                    reason: reading.failure.as_ref().map(|failure| failure.message.clone()),
                    complete_through: self.complete.get(resource.name).map(|at| at * SECOND_US),
                    ..SyncRow::default()
                }
            })
            .collect();
        rows.push(SyncRow {
            key: key(&[scope.as_bytes(), &stamp, b"whole"]),
            source: "stripe",
            path: scope.to_owned(),
            format: "stripe api",
            new_rows: Some(self.new_rows()),
            outcome: Some(self.end().map_or("landed", Failure::word)),
            reason: self.end().map(|failure| failure.message.clone()),
            complete_through: self.complete.values().min().map(|at| at * SECOND_US),
            requests: Some(self.requests),
            ..SyncRow::default()
        });
        rows
    }

    /// Rows of `system.diagnostics`: what was denied and what failed.
    pub fn diagnostics(&self) -> Vec<DiagnosticRow> {
        let row = |kind, (reading, failure): (&Reading, &Failure)| DiagnosticRow {
            kind,
            path: reading.resource.path.to_owned(),
            relation: Some(reading.resource.table.replace('/', ".")),
            reason: failure.message.clone(),
            ..DiagnosticRow::default()
        };
        let failed = self.failures().map(|pair| row(pair.1.word(), pair));
        let without = self.without().map(|pair| row("expansion", pair));
        failed.chain(without).collect()
    }
}
