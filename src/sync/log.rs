//! The way of batches to the lake: one commit a table, and the table that knows how far a source
//! has come is the last.

use std::collections::{BTreeMap, HashMap};

use arrow::array::RecordBatch;

use super::journal::{self, DiagnosticRow, SyncRow};
use crate::engine::system;
use crate::error::{Error, Result};
use crate::lake::{Commit, Lake, Table, TableSpec};
use crate::sync::table_specs;

/// Open tables of a lake that is written to.
#[derive(Debug)]
pub struct Log {
    lake: Lake,
    specs: HashMap<String, TableSpec>,
    tables: HashMap<String, Table>,
}

/// New rows and duplicates by table.
#[derive(Debug, Clone, Default)]
pub struct Counts(BTreeMap<&'static str, (u64, u64)>);

impl Counts {
    pub fn add(&mut self, other: Counts) {
        for (table, (rows, duplicates)) in other.0 {
            let count = self.0.entry(table).or_default();
            count.0 += rows;
            count.1 += duplicates;
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, (u64, u64))> {
        self.0.iter().map(|(table, count)| (*table, *count))
    }

    /// Of one table.
    pub fn of(&self, table: &str) -> (u64, u64) {
        self.0.get(table).copied().unwrap_or_default()
    }

    pub fn total(&self) -> (u64, u64) {
        self.0.values().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1))
    }
}

impl Log {
    pub fn new(lake: Lake) -> Self {
        let specs = table_specs().into_iter().chain(system::specs());
        let specs = specs.map(|spec| (spec.name.clone(), spec)).collect();
        Self { lake, specs, tables: HashMap::new() }
    }

    /// Declares a table, or the columns that it has now.
    pub fn declare(&mut self, spec: TableSpec) {
        self.tables.remove(&spec.name);
        self.specs.insert(spec.name.clone(), spec);
    }

    pub async fn table(&mut self, name: &str) -> Result<&mut Table> {
        if !self.tables.contains_key(name) {
            let spec = self.specs.get(name);
            let spec = spec.ok_or_else(|| Error::new(format!("no table {name} is declared")))?;
            let table = self.lake.table(spec).await?;
            self.tables.insert(name.to_owned(), table);
        }
        self.tables.get_mut(name).ok_or_else(|| Error::new(format!("no table {name}")))
    }

    /// Appends to each table, to `last` after all others; positions go with the rows of `last`.
    pub async fn append(
        &mut self,
        batches: BTreeMap<&'static str, Vec<RecordBatch>>,
        last: &'static str,
        commit: Commit,
    ) -> Result<Counts> {
        let mut counts = Counts::default();
        let mut batches = batches;
        let of_last = batches.remove(last).unwrap_or_default();
        for (table, batches) in batches {
            let commit = Commit { positions: vec![], metadata: commit.metadata.clone() };
            let appended = self.table(table).await?.append(batches, commit).await?;
            counts.0.insert(table, (appended.rows, appended.duplicates));
        }
        if !of_last.is_empty() || !commit.positions.is_empty() {
            let appended = self.table(last).await?.append(of_last, commit).await?;
            counts.0.insert(last, (appended.rows, appended.duplicates));
        }
        Ok(counts)
    }

    pub async fn record_syncs(&mut self, rows: &[SyncRow], at: i64) -> Result<()> {
        self.record("system/syncs", journal::syncs(rows, at)?).await
    }

    pub async fn record_diagnostics(&mut self, rows: &[DiagnosticRow], at: i64) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.record("system/diagnostics", journal::diagnostics(rows, at)?).await
    }

    pub async fn record_requests(&mut self, source: &str, requests: u64, at: i64) -> Result<()> {
        self.record("system/requests", journal::requests(source, requests, at)?).await
    }

    async fn record(&mut self, table: &str, batch: RecordBatch) -> Result<()> {
        self.table(table).await?.append(vec![batch], Commit::default()).await?;
        Ok(())
    }
}
