//! The loop: a file is read on one thread while its rows are written on another. A file that was
//! landed whole is known by its content and costs nothing the second time.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use tokio::sync::mpsc;

use crate::clock;
use crate::error::{Error, Result};
use crate::lake::{Commit, Lake};
use crate::sync::files::{self, FileMapping};
use crate::sync::journal::{DiagnosticRow, SyncRow, key};
use crate::sync::log::{Counts, Log};
use crate::sync::{FileReport, Landed, Rejected};

/// Rows that a reader gathers before it hands them over.
const CHUNK_ROWS: usize = 50_000;
/// Chunks that are read while others are written.
const CHUNKS_AHEAD: usize = 2;
/// Rows that are worth files of their own, and bytes that are not to be held any longer.
const FLUSH_ROWS: usize = 300_000;
const FLUSH_BYTES: usize = 96 << 20;
/// Events are written after the objects they carried.
const EVENTS: &str = "stripe_log/events";

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
#[derive(Debug)]
pub struct Landing {
    log: Log,
    mappings: Arc<Vec<FileMapping>>,
}

impl Landing {
    pub fn new(lake: Lake, mappings: Vec<FileMapping>) -> Self {
        Self { log: Log::new(lake), mappings: Arc::new(mappings) }
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
        let landed = self.log.table("system/syncs").await?.keys(None).await?;
        if landed.contains(&number(&done_key(content))) {
            let report = FileReport { path: path.to_path_buf(), ..FileReport::default() };
            return Ok(Outcome { report, new_rows: 0, duplicates: 0, was_known: true });
        }
        let (report, counts) = self.read(path, EVENTS, vec![], landed_at, progress).await?;
        self.diagnose(&report, landed_at).await?;
        let rows = sync_rows(&report, hash, &counts, content, landed_at);
        self.log.record_syncs(&rows, landed_at).await?;
        let (new_rows, duplicates) = counts.total();
        Ok(Outcome { report, new_rows, duplicates, was_known: false })
    }

    /// Lands a file that a source gave, called `label` in what is told of it. `positions` go with
    /// the last of its rows for the table `last`, unless the file breaks off.
    pub async fn given(
        &mut self,
        path: &Path,
        label: &str,
        last: &'static str,
        positions: Vec<(String, i64)>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(FileReport, Counts)> {
        let landed_at = clock::now_us();
        let (mut report, counts) = self.read(path, last, positions, landed_at, progress).await?;
        report.path = label.into();
        for problem in &mut report.problems {
            problem.path = label.into();
        }
        self.diagnose(&report, landed_at).await?;
        Ok((report, counts))
    }

    /// What is written besides rows.
    pub fn log(&mut self) -> &mut Log {
        &mut self.log
    }

    /// Reads a file and writes its rows.
    async fn read(
        &mut self,
        path: &Path,
        last: &'static str,
        positions: Vec<(String, i64)>,
        landed_at: i64,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(FileReport, Counts)> {
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
        let mut counts = Counts::default();
        let mut rows = 0;
        while let Some(chunk) = receiver.recv().await {
            rows += chunk.iter().map(|landed| landed.batch.num_rows() as u64).sum::<u64>();
            progress(rows);
            waiting.push(chunk);
            if waiting.rows >= FLUSH_ROWS || waiting.bytes >= FLUSH_BYTES {
                self.flush(&mut waiting, &mut counts, path, last, vec![]).await?;
            }
        }
        let report = reader.await.map_err(|_| {
            Error::new(format!("{}: reading stopped in the middle", path.display()))
        })??;
        let positions = if report.is_cut { vec![] } else { positions };
        self.flush(&mut waiting, &mut counts, path, last, positions).await?;
        Ok((report, counts))
    }

    /// Writes what is waiting.
    async fn flush(
        &mut self,
        waiting: &mut Waiting,
        counts: &mut Counts,
        path: &Path,
        last: &'static str,
        positions: Vec<(String, i64)>,
    ) -> Result<()> {
        let note = ("paydirt.file".to_owned(), path.display().to_string().into());
        let commit = Commit { positions, metadata: [note].into_iter().collect() };
        let batches = std::mem::take(waiting).batches;
        counts.add(self.log.append(batches, last, commit).await?);
        Ok(())
    }

    /// Records what was refused, and fields that could not be read.
    async fn diagnose(&mut self, report: &FileReport, landed_at: i64) -> Result<()> {
        let rows = diagnostic_rows(report);
        self.log.record_diagnostics(&rows, landed_at).await
    }
}

/// What marks a file as landed: one row a relation, and one that says "whole".
fn sync_rows(
    report: &FileReport,
    hash: [u8; 16],
    counts: &Counts,
    content: [u8; 16],
    landed_at: i64,
) -> Vec<SyncRow> {
    let hash = blake3::Hash::from_bytes(padded(hash)).to_hex()[..32].to_owned();
    let row = |key, relation: Option<String>, (new, duplicates): (u64, u64)| SyncRow {
        key,
        source: "files",
        path: report.path.display().to_string(),
        format: report.format,
        content_hash: Some(hash.clone()),
        relation,
        rows: Some(new + duplicates),
        new_rows: Some(new),
        duplicates: Some(duplicates),
        ..SyncRow::default()
    };
    let mut rows: Vec<SyncRow> = counts
        .iter()
        .map(|(table, count)| {
            let relation = table.replace('/', ".");
            let key = key(&[&content, relation.as_bytes(), &landed_at.to_le_bytes()]);
            row(key, Some(relation), count)
        })
        .collect();
    rows.push(SyncRow {
        bytes: Some(report.bytes),
        rejected: Some(report.rejected),
        ..row(done_key(content), None, counts.total())
    });
    rows
}

fn diagnostic_rows(report: &FileReport) -> Vec<DiagnosticRow> {
    let path = report.path.display().to_string();
    let rejected = report.problems.iter().map(|problem| DiagnosticRow {
        kind: "rejected",
        path: path.clone(),
        line: problem.line,
        field: problem.field.clone(),
        reason: problem.reason.clone(),
        ..DiagnosticRow::default()
    });
    let unread =
        report.diagnostics.iter().map(|diagnostic| DiagnosticRow::unread(&path, diagnostic));
    rejected.chain(unread).collect()
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

fn done_key(content: [u8; 16]) -> [u8; 16] {
    key(&[&content, b"whole"])
}

/// The lake's form of a key.
fn number(key: &[u8; 16]) -> u128 {
    u128::from_be_bytes(*key)
}

fn padded(hash: [u8; 16]) -> [u8; 32] {
    let mut padded = [0; 32];
    padded[..16].copy_from_slice(&hash);
    padded
}
