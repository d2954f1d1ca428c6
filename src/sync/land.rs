//! The loop: a file is read on one thread while its rows are written on another. A file that was
//! landed whole is known by its content and costs nothing the second time.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use tokio::sync::mpsc;

use crate::clock;
use crate::engine::system;
use crate::error::{Error, Result};
use crate::lake::{Commit, Lake, Table, TableSpec};
use crate::sync::files::{self, FileMapping};
use crate::sync::{FileReport, Landed, Rejected, table_specs};

/// Rows that a reader gathers before it hands them over.
const CHUNK_ROWS: usize = 50_000;
/// Chunks that are read while others are written.
const CHUNKS_AHEAD: usize = 2;
/// Rows that are worth files of their own, and bytes that are not to be held any longer.
const FLUSH_ROWS: usize = 300_000;
const FLUSH_BYTES: usize = 96 << 20;

/// What became of one path.
#[derive(Debug)]
pub struct Outcome {
    pub report: FileReport,
    /// Rows that the lake did not have.
    pub new_rows: u64,
    pub duplicates: u64,
    /// The same content was landed before.
    pub was_known: bool,
}

/// Lands files in a lake.
pub struct Landing {
    lake: Lake,
    specs: HashMap<String, TableSpec>,
    tables: HashMap<String, Table>,
    mappings: Arc<Vec<FileMapping>>,
}

impl Landing {
    pub fn new(lake: Lake, mappings: Vec<FileMapping>) -> Self {
        let specs = table_specs().into_iter().chain(system::specs());
        let specs = specs.map(|spec| (spec.name.clone(), spec)).collect();
        Self { lake, specs, tables: HashMap::new(), mappings: Arc::new(mappings) }
    }

    /// Lands one file; `progress` is told the rows so far. What cannot be read is in the report
    /// and in `system.diagnostics`; the rest lands.
    pub async fn file(&mut self, path: &Path, progress: &(dyn Fn(u64) + Sync)) -> Result<Outcome> {
        let landed_at = clock::now_us();
        let hash = match files::hash_file(path) {
            Ok(hash) => hash,
            Err(error) => {
                let rejected = Rejected {
                    path: path.to_path_buf(),
                    line: None,
                    field: None,
                    reason: error.to_string(),
                };
                let report = FileReport {
                    path: path.to_path_buf(),
                    format: "unknown",
                    rejected: 1,
                    problems: vec![rejected],
                    ..FileReport::default()
                };
                self.diagnose(&report, landed_at).await?;
                return Ok(Outcome { report, new_rows: 0, duplicates: 0, was_known: false });
            }
        };
        // The same bytes under another mapping are other rows.
        let content = key(&[&hash, format!("{:?}", self.mappings).as_bytes()]);
        if self.table("system/syncs").await?.keys(None).await?.contains(&number(&done_key(content)))
        {
            let report = FileReport { path: path.to_path_buf(), ..FileReport::default() };
            return Ok(Outcome { report, new_rows: 0, duplicates: 0, was_known: true });
        }
        let (sender, mut receiver) = mpsc::channel::<Vec<Landed>>(CHUNKS_AHEAD);
        let (owned, mappings) = (path.to_path_buf(), Arc::clone(&self.mappings));
        let reader = tokio::task::spawn_blocking(move || {
            files::land_file(&owned, &mappings, landed_at, CHUNK_ROWS, &mut |landed| {
                sender
                    .blocking_send(landed)
                    .map_err(|_| Error::new("the writer of the lake has stopped"))
            })
        });
        let mut waiting = Waiting::default();
        let mut counts: BTreeMap<&'static str, (u64, u64)> = BTreeMap::new();
        let mut rows = 0;
        while let Some(chunk) = receiver.recv().await {
            rows += chunk.iter().map(|landed| landed.batch.num_rows() as u64).sum::<u64>();
            progress(rows);
            waiting.push(chunk);
            if waiting.rows >= FLUSH_ROWS || waiting.bytes >= FLUSH_BYTES {
                self.flush(&mut waiting, &mut counts, path).await?;
            }
        }
        self.flush(&mut waiting, &mut counts, path).await?;
        let report = reader.await.map_err(|_| {
            Error::new(format!("{}: reading stopped in the middle", path.display()))
        })??;
        self.diagnose(&report, landed_at).await?;
        self.finish(&report, hash, &counts, content, landed_at).await?;
        let new_rows = counts.values().map(|(rows, _)| rows).sum();
        let duplicates = counts.values().map(|(_, duplicates)| duplicates).sum();
        Ok(Outcome { report, new_rows, duplicates, was_known: false })
    }

    async fn table(&mut self, name: &str) -> Result<&mut Table> {
        if !self.tables.contains_key(name) {
            let spec = self.specs.get(name);
            let spec = spec.ok_or_else(|| Error::new(format!("no table {name} is declared")))?;
            let table = self.lake.table(spec).await?;
            self.tables.insert(name.to_owned(), table);
        }
        self.tables.get_mut(name).ok_or_else(|| Error::new(format!("no table {name}")))
    }

    /// Writes what is waiting, one commit a table; events come after the objects they carried.
    async fn flush(
        &mut self,
        waiting: &mut Waiting,
        counts: &mut BTreeMap<&'static str, (u64, u64)>,
        path: &Path,
    ) -> Result<()> {
        let mut batches: Vec<_> = std::mem::take(waiting).batches.into_iter().collect();
        batches.sort_by_key(|(table, _)| (*table == "stripe_log/events", *table));
        for (table, batches) in batches {
            let mut commit = Commit::default();
            commit.metadata.insert("paydirt.file".into(), path.display().to_string().into());
            let appended = self.table(table).await?.append(batches, commit).await?;
            let count = counts.entry(table).or_default();
            count.0 += appended.rows;
            count.1 += appended.duplicates;
        }
        Ok(())
    }

    /// Marks a file as landed: one row a relation, and one that says "whole".
    async fn finish(
        &mut self,
        report: &FileReport,
        hash: [u8; 16],
        counts: &BTreeMap<&'static str, (u64, u64)>,
        content: [u8; 16],
        landed_at: i64,
    ) -> Result<()> {
        let per_table = counts.iter().map(|(table, count)| (Some(table.replace('/', ".")), *count));
        let whole = counts.values().fold((0, 0), |sum, n| (sum.0 + n.0, sum.1 + n.1));
        let rows: Vec<(Option<String>, (u64, u64))> = per_table.chain([(None, whole)]).collect();
        let keys = rows.iter().map(|(relation, _)| match relation {
            Some(relation) => key(&[&content, relation.as_bytes(), &landed_at.to_le_bytes()]),
            None => done_key(content),
        });
        let keys: Vec<[u8; 16]> = keys.collect();
        let all = |value: String| texts(rows.iter().map(|_| Some(value.clone())));
        let whole_only = |value: u64| {
            numbers(rows.iter().map(|(relation, _)| relation.is_none().then_some(value)))
        };
        let batch = RecordBatch::try_new(
            system::syncs().schema,
            vec![
                Arc::new(BinaryArray::from_iter_values(&keys)),
                moments(rows.len(), landed_at),
                all("files".into()),
                all(report.path.display().to_string()),
                all(report.format.into()),
                all(format!("{:032x}", number(&hash))),
                texts(rows.iter().map(|(relation, _)| relation.clone())),
                whole_only(report.bytes),
                numbers(rows.iter().map(|(_, (new, duplicates))| Some(new + duplicates))),
                numbers(rows.iter().map(|(_, (new, _))| Some(*new))),
                numbers(rows.iter().map(|(_, (_, duplicates))| Some(*duplicates))),
                whole_only(report.rejected),
            ],
        )?;
        self.table("system/syncs").await?.append(vec![batch], Commit::default()).await?;
        Ok(())
    }

    /// Records what was refused, and fields that could not be read.
    async fn diagnose(&mut self, report: &FileReport, landed_at: i64) -> Result<()> {
        struct Row {
            kind: &'static str,
            line: Option<u64>,
            relation: Option<String>,
            id: Option<String>,
            field: Option<String>,
            reason: String,
        }
        let rejected = report.problems.iter().map(|problem| Row {
            kind: "rejected",
            line: problem.line,
            relation: None,
            id: None,
            field: problem.field.clone(),
            reason: problem.reason.clone(),
        });
        let unread = report.diagnostics.iter().map(|diagnostic| Row {
            kind: "unread field",
            line: diagnostic.line,
            relation: Some(diagnostic.table.replace('/', ".")),
            id: Some(diagnostic.id.clone()),
            field: Some(diagnostic.field.clone()),
            reason: diagnostic.reason.clone(),
        });
        let rows: Vec<Row> = rejected.chain(unread).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let path = report.path.display().to_string();
        let keys: Vec<[u8; 16]> = rows
            .iter()
            .map(|row| {
                let place =
                    format!("{:?} {:?} {:?} {:?}", row.line, row.relation, row.id, row.field);
                key(&[path.as_bytes(), place.as_bytes(), row.reason.as_bytes()])
            })
            .collect();
        let batch = RecordBatch::try_new(
            system::diagnostics().schema,
            vec![
                Arc::new(BinaryArray::from_iter_values(&keys)),
                moments(rows.len(), landed_at),
                texts(rows.iter().map(|row| Some(row.kind.to_owned()))),
                texts(rows.iter().map(|_| Some(path.clone()))),
                numbers(rows.iter().map(|row| row.line)),
                texts(rows.iter().map(|row| row.relation.clone())),
                texts(rows.iter().map(|row| row.id.clone())),
                texts(rows.iter().map(|row| row.field.clone())),
                texts(rows.iter().map(|row| Some(row.reason.clone()))),
            ],
        )?;
        self.table("system/diagnostics").await?.append(vec![batch], Commit::default()).await?;
        Ok(())
    }
}

/// Batches that wait to be written, by table.
#[derive(Default)]
struct Waiting {
    batches: BTreeMap<&'static str, Vec<RecordBatch>>,
    rows: usize,
    bytes: usize,
}

impl Waiting {
    fn push(&mut self, chunk: Vec<Landed>) {
        for landed in chunk {
            self.rows += landed.batch.num_rows();
            self.bytes += landed.batch.get_array_memory_size();
            self.batches.entry(landed.table).or_default().push(landed.batch);
        }
    }
}

fn key(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut key = [0; 16];
    key.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    key
}

fn done_key(content: [u8; 16]) -> [u8; 16] {
    key(&[&content, b"whole"])
}

/// The lake's form of a key.
fn number(key: &[u8; 16]) -> u128 {
    u128::from_be_bytes(*key)
}

fn texts(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn numbers(values: impl Iterator<Item = Option<u64>>) -> ArrayRef {
    let values = values.map(|value| value.map(|n| i64::try_from(n).unwrap_or(i64::MAX)));
    Arc::new(values.collect::<Int64Array>())
}

fn moments(rows: usize, at: i64) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(vec![at; rows]).with_timezone("UTC"))
}
