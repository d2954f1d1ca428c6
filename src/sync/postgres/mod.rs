//! Postgres: tables and queries to rows of the landed log.
//!
//! An entry of `paydirt.toml` with a column for the event gives product events; one without lands
//! as it is, with every version of its rows. A cursor says what is new. Rows whose transaction
//! committed after a later value was read are found again: the cursor starts a while before its
//! last value (rows are known by their key), and what transactions wrote that were under way is
//! looked for by itself.

mod address;
mod builder;
mod check;
mod column;
mod connection;
mod events;
mod failure;
mod landed;
mod latest;
mod pages;
mod password;
mod plan;
mod position;
mod reader;
mod report;
mod settings;
mod tally;
mod tls;
mod tuples;
mod value;

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use tokio::sync::mpsc;

use crate::clock;
use crate::error::{Error, Result};
use crate::lake::{Commit, Lake, TableSpec};
use crate::sync::files::POSTGRES_EVENTS;
use crate::sync::log::Log;
use crate::sync::table_specs;
use crate::sync::watermark::Brought;

use connection::Connection;
use plan::Plan;
use reader::{Chunk, Reader, Shape};
use tally::Tally;

pub use check::{Checked, check};
pub use landed::specs as landed_specs;
pub use position::Position;
pub use report::Report;
pub use settings::{PostgresSource, validate};

/// The schema of what lands from Postgres.
pub const LOG: &str = "postgres_log";
/// The table of product events, of all entries.
pub const EVENTS: &str = POSTGRES_EVENTS;

/// Chunks that are read while others are written.
const CHUNKS_AHEAD: usize = 2;
/// Rows that are worth files of their own, and bytes that are not to be held any longer.
const FLUSH_ROWS: usize = 300_000;
const FLUSH_BYTES: usize = 96 << 20;

/// Reads one entry into the lake, all of it if `is_full`, else what is new; `progress` is told the
/// rows so far. What the server refused is in the report; an error is the lake's.
pub async fn pull(
    source: &PostgresSource,
    root: &Path,
    lake: &Lake,
    is_full: bool,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Report> {
    let mut report = Report::new(source);
    let mut log = Log::new(lake.clone());
    let failure = match prepare(source, root, lake, &mut report).await {
        Ok((plan, connection, spec)) => {
            let reading = Reading { lake, is_full, plan, connection, spec };
            read(source, reading, &mut log, &mut report, progress).await?
        }
        Err(error) => Some(error),
    };
    report.failure = failure;
    let at = clock::now_us();
    log.record_diagnostics(&report.diagnostics(), at).await?;
    log.record_syncs(&[report.row(at)], at).await?;
    Ok(report)
}

struct Reading<'a> {
    lake: &'a Lake,
    is_full: bool,
    plan: Plan,
    connection: Connection,
    spec: TableSpec,
}

/// Connects, and finds out what there is and what it becomes.
async fn prepare(
    source: &PostgresSource,
    root: &Path,
    lake: &Lake,
    report: &mut Report,
) -> Result<(Plan, Connection, TableSpec)> {
    let connection = Connection::open(source, root).await?;
    let plan = in_transaction(source, &connection).await?;
    let table = source.lake_table();
    if source.is_events() {
        let spec = table_specs().into_iter().find(|spec| spec.name == table);
        let spec = spec.ok_or_else(|| Error::new(format!("no table {table} is declared")))?;
        return Ok((plan, connection, spec));
    }
    let stored = lake.stored_schema(&table).await?;
    for column in landed::dropped(&plan, stored.as_ref()) {
        let why = format!("column {column} of {} is gone: NULL from now on", plan.label);
        report.tally.note("dropped column", Some(&column), why);
    }
    let spec = landed::grown(&plan, &table, stored.as_ref())?;
    Ok((plan, connection, spec))
}

async fn in_transaction(source: &PostgresSource, connection: &Connection) -> Result<Plan> {
    connection.begin().await?;
    let plan = Plan::make(source, connection).await;
    match &plan {
        Ok(_) => connection.end().await?,
        Err(_) => connection.give_up().await,
    }
    plan
}

/// Reads on one task and writes on another. Gives what the server refused.
async fn read(
    source: &PostgresSource,
    reading: Reading<'_>,
    log: &mut Log,
    report: &mut Report,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Option<Error>> {
    let Reading { lake, is_full, plan, connection, spec } = reading;
    let (name, label) = (spec.name.clone(), plan.label.clone());
    let landed_at = clock::now_us();
    let table = lake.table(&spec).await?;
    let position = Position::load(&table, source, &label).await?;
    let shape = Shape::new(source, &plan, &spec, &table, landed_at).await?;
    log.declare(spec);
    let (sender, mut receiver) = mpsc::channel::<Chunk>(CHUNKS_AHEAD);
    let mut reader = Reader {
        source: Arc::new(source.clone()),
        connection,
        plan,
        shape,
        position,
        tally: std::mem::take(&mut report.tally),
        table,
        sender,
        deleted: 0,
    };
    let reader = tokio::spawn(async move {
        let outcome = reader.run(is_full).await;
        let Reader { tally, deleted, .. } = reader;
        (outcome, tally, deleted)
    });
    let mut waiting = Waiting { position, ..Waiting::default() };
    let mut brought = Brought::default();
    while let Some(chunk) = receiver.recv().await {
        progress(chunk.rows);
        if source.is_events() {
            chunk.batches.iter().try_for_each(|batch| brought.add(EVENTS, batch))?;
        }
        waiting.push(chunk);
        if waiting.rows >= FLUSH_ROWS || waiting.bytes >= FLUSH_BYTES {
            flush(source, &label, log, &name, &mut waiting, report).await?;
        }
    }
    let ended = reader.await.map_err(|_| Error::new("reading Postgres stopped in the middle"));
    let (outcome, tally, deleted): (Result<()>, Tally, u64) = ended?;
    flush(source, &label, log, &name, &mut waiting, report).await?;
    report.tally = tally;
    for note in brought.notes() {
        report.tally.note("later than its landing", None, note);
    }
    report.deleted = deleted;
    report.complete = waiting.position.complete;
    Ok(outcome.err())
}

/// Commits what is waiting with the position that it stands for.
async fn flush(
    source: &PostgresSource,
    label: &str,
    log: &mut Log,
    table: &str,
    waiting: &mut Waiting,
    report: &mut Report,
) -> Result<()> {
    if !waiting.is_news {
        return Ok(());
    }
    let positions = waiting.position.to_commit(source, label);
    let batches = std::mem::take(&mut waiting.batches);
    (waiting.rows, waiting.bytes, waiting.is_news) = (0, 0, false);
    let commit = Commit { positions, ..Commit::default() };
    let appended = log.table(table).await?.append(batches, commit).await?;
    report.new_rows += appended.rows;
    Ok(())
}

/// Batches that wait to be written, and where we are when they are.
#[derive(Default)]
struct Waiting {
    batches: Vec<RecordBatch>,
    position: Position,
    rows: usize,
    bytes: usize,
    is_news: bool,
}

impl Waiting {
    fn push(&mut self, chunk: Chunk) {
        self.is_news = true;
        self.position = chunk.position;
        for batch in chunk.batches {
            self.rows += batch.num_rows();
            self.bytes += batch.get_array_memory_size();
            self.batches.push(batch);
        }
    }
}
