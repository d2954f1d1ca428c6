//! The loop: rows are read while others are written, and the next file is begun while the last rows
//! of one are written. A file that was landed whole is known by its content and costs nothing the
//! second time.

mod known;
mod reader;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use parking_lot::RwLock;
use tokio::sync::mpsc;

use crate::clock;
use crate::error::Result;
use crate::lake::{Commit, Lake};
use crate::sync::files::{FileMapping, problem};
use crate::sync::journal::{DiagnosticRow, SyncRow};
use crate::sync::log::{Counts, Log};
use crate::sync::objects::Object;
use crate::sync::watermark::Brought;
use crate::sync::{FileReport, Landed, Rejected};

use known::{Known, content_key, done_key, number, object_key, object_row, sync_rows};
use reader::{File, Reader, stopped};

/// Rows that are worth files of their own, and bytes that are not to be held any longer.
const FLUSH_ROWS: usize = 250_000;
const FLUSH_BYTES: usize = 80 << 20;
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
    ahead: Option<Reader>,
    /// What was landed whole, once it was asked for.
    landed: Option<Known>,
}

impl Landing {
    pub fn new(lake: Lake, mappings: Vec<FileMapping>) -> Self {
        Self { log: Log::new(lake), mappings: Arc::new(mappings), ahead: None, landed: None }
    }

    /// Lands one file, and begins to read the `next`; `progress` is told the rows so far. What
    /// cannot be read is in the report and in `system.diagnostics`; the rest lands.
    pub async fn file(
        &mut self,
        path: &Path,
        next: Option<&Path>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Outcome> {
        self.land(File::here(path), next, None, progress).await
    }

    /// Lands an object that was downloaded to `path`.
    pub async fn object(
        &mut self,
        object: &Object,
        path: &Path,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Outcome> {
        let file = File { path: path.to_path_buf(), name: object.name.clone() };
        self.land(file, None, Some(object), progress).await
    }

    async fn land(
        &mut self,
        file: File,
        next: Option<&Path>,
        object: Option<&Object>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Outcome> {
        let name = file.name.clone();
        let mut reader = match self.ahead.take().filter(|reader| reader.file == file) {
            Some(reader) => reader,
            None => self.begin(file).await?,
        };
        let landed_at = reader.landed_at;
        let hash = match (&mut reader.hash).await.map_err(|_| stopped(&name))? {
            Ok(hash) => hash,
            Err(error) => {
                let report = self.refused(problem(&name, error.to_string())).await?;
                return Ok(Outcome { report, new_rows: 0, duplicates: 0, was_known: false });
            }
        };
        let content = content_key(hash, &self.mappings, &name);
        let seen = object.map(|object| object_row(object, &self.mappings, hash));
        if self.landed().await?.read().contains(&number(&done_key(content))) {
            self.record(seen.as_slice(), landed_at).await?;
            let report = FileReport { path: name, ..FileReport::default() };
            return Ok(Outcome { report, new_rows: 0, duplicates: 0, was_known: true });
        }
        let (report, counts) = self.write(reader, next, EVENTS, vec![], progress).await?;
        self.diagnose(&report, landed_at).await?;
        let mut rows = sync_rows(&report, hash, &counts, content, landed_at);
        // What could not be read at all is looked at again: by then it may be read.
        rows.extend(seen.filter(|_| !report.is_refused()));
        self.record(&rows, landed_at).await?;
        let (new_rows, duplicates) = counts.total();
        Ok(Outcome { report, new_rows, duplicates, was_known: false })
    }

    /// Records a whole file that cannot be read.
    pub async fn refused(&mut self, problem: Rejected) -> Result<FileReport> {
        let report = FileReport {
            path: problem.path.clone(),
            format: "unknown",
            rejected: 1,
            problems: vec![problem],
            ..FileReport::default()
        };
        self.diagnose(&report, clock::now_us()).await?;
        Ok(report)
    }

    /// Takes out the objects that were landed before as they are now, and tells how many.
    pub async fn leave_out_landed(&mut self, objects: &mut Vec<Object>) -> Result<u64> {
        let landed = self.landed().await?;
        let landed = landed.read();
        let before = objects.len();
        let mappings = &self.mappings;
        objects.retain(|object| !landed.contains(&number(&object_key(object, mappings))));
        Ok((before - objects.len()) as u64)
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
        let file = File { path: path.to_path_buf(), name: label.into() };
        let mut reader = Reader::begin(file, Arc::clone(&self.mappings), Known::default());
        let landed_at = reader.landed_at;
        (&mut reader.hash).await.map_err(|_| stopped(label.as_ref()))??;
        let (report, counts) = self.write(reader, None, last, positions, progress).await?;
        self.diagnose(&report, landed_at).await?;
        Ok((report, counts))
    }

    /// What is written besides rows.
    pub fn log(&mut self) -> &mut Log {
        &mut self.log
    }

    /// Writes what is read; the `next` file is begun while the last rows of one are written.
    async fn write(
        &mut self,
        mut reader: Reader,
        next: Option<&Path>,
        last: &'static str,
        positions: Vec<(String, i64)>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(FileReport, Counts)> {
        let path = reader.file.name.clone();
        let mut counts = Counts::default();
        let mut rows = 0;
        let mut brought = Brought::default();
        let mut waiting =
            Waiting::fill(&mut reader.chunks, &mut rows, &mut brought, progress).await?;
        while waiting.is_full() {
            // What is full is written while the next rows are read.
            let flushing = self.flush(waiting, &path, last, vec![]);
            let filling = Waiting::fill(&mut reader.chunks, &mut rows, &mut brought, progress);
            let (flushed, filled) = tokio::join!(flushing, filling);
            counts.add(flushed?);
            waiting = filled?;
        }
        if let Some(next) = next {
            self.ahead = Some(self.begin(File::here(next)).await?);
        }
        let mut report = reader.report.await.map_err(|_| stopped(&path))??;
        report.notes.extend(brought.notes());
        let positions = if report.is_cut { vec![] } else { positions };
        counts.add(self.flush(waiting, &path, last, positions).await?);
        Ok((report, counts))
    }

    /// What was landed whole. What another process lands meanwhile is read again, and its rows are
    /// known.
    async fn landed(&mut self) -> Result<Known> {
        if let Some(landed) = &self.landed {
            return Ok(Arc::clone(landed));
        }
        let keys = self.log.table("system/syncs").await?.keys(None).await?;
        Ok(Arc::clone(self.landed.insert(Arc::new(RwLock::new(keys)))))
    }

    async fn record(&mut self, rows: &[SyncRow], landed_at: i64) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.log.record_syncs(rows, landed_at).await?;
        let landed = self.landed().await?;
        landed.write().extend(rows.iter().map(|row| number(&row.key)));
        Ok(())
    }

    async fn begin(&mut self, file: File) -> Result<Reader> {
        let landed = self.landed().await?;
        Ok(Reader::begin(file, Arc::clone(&self.mappings), landed))
    }

    /// Writes what has waited, to the table `last` after all others.
    async fn flush(
        &mut self,
        waiting: Waiting,
        path: &Path,
        last: &'static str,
        positions: Vec<(String, i64)>,
    ) -> Result<Counts> {
        let note = ("paydirt.file".to_owned(), path.display().to_string().into());
        let commit = Commit { positions, metadata: [note].into_iter().collect() };
        self.log.append(waiting.batches, last, commit).await
    }

    /// Records what was refused, and fields that could not be read.
    async fn diagnose(&mut self, report: &FileReport, landed_at: i64) -> Result<()> {
        let rows = diagnostic_rows(report);
        self.log.record_diagnostics(&rows, landed_at).await
    }
}

fn diagnostic_rows(report: &FileReport) -> Vec<DiagnosticRow> {
    let path = report.path.display().to_string();
    let rejected = report.problems.iter().map(|problem| DiagnosticRow {
        kind: "rejected",
        path: path.clone(),
        line: problem.line,
        field: problem.field.clone(),
        reason: match &problem.hint {
            Some(hint) => format!("{}; {hint}", problem.whole_reason()),
            None => problem.whole_reason(),
        },
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
    /// Takes chunks until they are worth writing; nothing is left if it holds no row.
    async fn fill(
        chunks: &mut mpsc::Receiver<Vec<Landed>>,
        rows: &mut u64,
        brought: &mut Brought,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Self> {
        let mut waiting = Self::default();
        while !waiting.is_full() {
            let Some(chunk) = chunks.recv().await else { break };
            *rows += chunk.iter().map(|landed| landed.batch.num_rows() as u64).sum::<u64>();
            progress(*rows);
            for landed in &chunk {
                brought.add(landed.table, &landed.batch)?;
            }
            waiting.push(chunk);
        }
        Ok(waiting)
    }

    fn is_full(&self) -> bool {
        self.rows >= FLUSH_ROWS || self.bytes >= FLUSH_BYTES
    }

    fn push(&mut self, chunk: Vec<Landed>) {
        for landed in chunk {
            self.rows += landed.batch.num_rows();
            self.bytes += landed.batch.get_array_memory_size();
            self.batches.entry(landed.table).or_default().push(landed.batch);
        }
    }
}
