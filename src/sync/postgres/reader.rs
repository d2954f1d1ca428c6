//! Reads one entry: page after page, each in a transaction of its own that only reads, into batches
//! with the position that they stand for.

use std::pin::{Pin, pin};
use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::StreamExt;
use tokio::sync::mpsc::Sender;
use tokio_postgres::CopyOutStream;

use super::connection::Connection;
use super::events::Events;
use super::failure;
use super::landed::Versions;
use super::latest::Latest;
use super::pages::Page;
use super::plan::Plan;
use super::position::Position;
use super::settings::PostgresSource;
use super::tally::Tally;
use super::tuples::Tuples;
use super::value::{Form, Value};
use crate::clock;
use crate::error::{Error, Result};
use crate::format::counted;
use crate::lake::{Table, TableSpec};
use crate::time::{self, DAY_US};

/// Rows that are gathered before they are handed over.
const CHUNK_ROWS: usize = 50_000;
const CHUNK_BYTES: usize = 24 << 20;

/// Rows, and how far the reading has come once they have landed.
#[derive(Debug)]
pub struct Chunk {
    pub batches: Vec<RecordBatch>,
    pub position: Position,
    /// Rows that came so far.
    pub rows: u64,
}

/// What rows become.
pub enum Shape {
    Events(Box<Events>),
    Table(Box<Versions>),
}

/// One reading of one entry.
pub struct Reader {
    pub source: Arc<PostgresSource>,
    pub connection: Connection,
    pub plan: Plan,
    pub shape: Shape,
    pub position: Position,
    pub tally: Tally,
    /// What the lake had before, to find what is gone.
    pub table: Table,
    pub sender: Sender<Chunk>,
    /// Rows that are not there any more.
    pub deleted: u64,
}

impl Shape {
    pub async fn new(
        source: &PostgresSource,
        plan: &Plan,
        spec: &TableSpec,
        table: &Table,
        landed_at: i64,
    ) -> Result<Self> {
        if source.is_events() {
            return Ok(Shape::Events(Box::new(Events::new(source, plan, landed_at))));
        }
        let latest = Latest::load(table).await?;
        Ok(Shape::Table(Box::new(Versions::new(plan, spec, latest, landed_at))))
    }

    fn push(&mut self, plan: &Plan, values: &[Value<'_>], tally: &mut Tally) -> Result<()> {
        match self {
            Shape::Events(events) => events.push(plan, values, tally),
            Shape::Table(versions) => versions.push(plan, values, tally),
        }
    }

    /// What follows was so at this moment of the server, µs.
    fn observe(&mut self, at: i64) {
        match self {
            Shape::Events(events) => events.rows.land_at(at.max(clock::now_us())),
            Shape::Table(versions) => versions.observe(at),
        }
    }

    fn is_enough(&self) -> bool {
        let (rows, bytes) = match self {
            Shape::Events(events) => (events.rows.len(), events.rows.bytes()),
            Shape::Table(versions) => (versions.len(), versions.bytes()),
        };
        rows >= CHUNK_ROWS || bytes >= CHUNK_BYTES
    }

    fn finish(&mut self) -> Result<Vec<RecordBatch>> {
        Ok(match self {
            Shape::Events(events) => {
                events.rows.finish()?.into_iter().map(|landed| landed.batch).collect()
            }
            Shape::Table(versions) => versions.finish()?.into_iter().collect(),
        })
    }
}

/// What came of one page.
struct Read {
    rows: u64,
    /// The greatest value of the cursor.
    last: Option<i64>,
    /// The server's time of what was seen.
    at: i64,
    /// The oldest transaction that was under way then.
    under_way: Option<i64>,
}

impl Reader {
    /// Reads what is unread; `is_full`: all there is. What was handed over before an error stays.
    pub async fn run(&mut self, is_full: bool) -> Result<()> {
        let is_table = matches!(self.shape, Shape::Table(_));
        let Some(cursor) = self.plan.cursor else { return self.whole().await };
        if is_table && (is_full || self.is_full_due().await?) {
            return self.whole().await;
        }
        let overlap = self.source.overlap(self.plan.columns[cursor].is_time())?;
        if !is_full {
            self.position.cursor = self.not_ahead().await?;
        }
        let from = self.position.cursor.filter(|_| !is_full);
        let start = from.map(|from| from.saturating_sub(overlap.max(self.least_overlap())));
        if let (Some(until), Some(oldest)) = (start, self.position.under_way) {
            self.late(until, oldest).await?;
        }
        let is_ordered = self.is_ordered(start).await?;
        let (mut next, mut highest) = (start, None);
        let at = loop {
            let page = if is_ordered { Page::Next(next) } else { Page::Behind(next) };
            let read = self.page(page).await?;
            next = read.last.max(next);
            highest = self.reached(&read).max(highest);
            // While all is read again, the place that was reached before stays.
            if !is_full {
                self.position.cursor = highest.max(self.position.cursor);
            }
            if !page.is_full(read.rows) {
                break read.at;
            }
            self.hand_over().await?;
        };
        if from.is_none() {
            self.page(Page::WithoutCursor).await?;
        }
        if is_full {
            self.position.cursor = highest;
        }
        self.position.complete = Some(at);
        self.hand_over().await
    }

    /// Compares all there is with what the lake has.
    async fn whole(&mut self) -> Result<()> {
        let read = self.page(Page::Whole).await?;
        let rows = self.shape.finish()?;
        self.send(rows).await?;
        if let Shape::Table(versions) = &mut self.shape {
            let gone = versions.latest.gone(&self.table).await?;
            self.deleted = gone.len() as u64;
            let tombstones = versions.tombstones(&gone)?;
            self.send(tombstones.into_iter().collect()).await?;
        }
        let at = Some(read.at);
        let (cursor, under_way) = (self.reached(&read), read.under_way);
        self.position = Position { cursor, complete: at, full: at, under_way };
        self.hand_over().await
    }

    /// How far the cursor has come with a page. A value from a clock that is ahead would have it
    /// jump over all that follows.
    fn reached(&self, read: &Read) -> Option<i64> {
        read.last.map(|last| if self.has_times() { last.min(read.at) } else { last })
    }

    fn has_times(&self) -> bool {
        self.plan.cursor.is_some_and(|place| self.plan.columns[place].is_time())
    }

    /// The cursor, unless it has jumped ahead of the server's time: then all is read again, and what
    /// has landed is known.
    async fn not_ahead(&self) -> Result<Option<i64>> {
        if !self.has_times() || self.position.cursor.is_none() {
            return Ok(self.position.cursor);
        }
        let now = self.connection.begin().await?;
        self.connection.end().await?;
        Ok(self.position.cursor.filter(|cursor| *cursor <= now))
    }

    /// Rows behind which we were already, whose transaction was under way when we were.
    async fn late(&mut self, until: i64, oldest: i64) -> Result<()> {
        if self.plan.has_transactions {
            self.connection.begin().await?;
            let (_, next) = self.connection.transactions().await?;
            self.connection.end().await?;
            let read = self.page(Page::Late { until, age: next - oldest }).await?;
            self.position.under_way = read.under_way;
        }
        Ok(())
    }

    async fn is_full_due(&self) -> Result<bool> {
        let Some(full) = self.position.full else { return Ok(true) };
        let now = self.connection.begin().await?;
        self.connection.end().await?;
        Ok(now - full >= self.source.full_every())
    }

    fn least_overlap(&self) -> i64 {
        let is_day = |place: usize| self.plan.columns[place].form == Form::Date;
        if self.plan.cursor.is_some_and(is_day) { DAY_US } else { 0 }
    }

    async fn is_ordered(&self, from: Option<i64>) -> Result<bool> {
        self.connection.begin().await?;
        let is_ordered = self.plan.is_ordered(&self.connection, from).await;
        match &is_ordered {
            Ok(_) => self.connection.end().await?,
            Err(_) => self.connection.give_up().await,
        }
        is_ordered
    }

    /// One page in one transaction.
    async fn page(&mut self, page: Page) -> Result<Read> {
        let at = self.connection.begin().await?;
        let read = self.read(page, at).await;
        match &read {
            Ok(_) => self.connection.end().await?,
            Err(_) => self.connection.give_up().await,
        }
        read
    }

    async fn read(&mut self, page: Page, at: i64) -> Result<Read> {
        self.shape.observe(at);
        let (oldest, next) = self.connection.transactions().await?;
        let under_way = (oldest < next).then_some(oldest);
        self.position.under_way = self.position.under_way.into_iter().chain(under_way).min();
        let sql = page.sql(&self.plan);
        self.check(&sql).await?;
        let mut messages: Pin<&mut CopyOutStream> = pin!(self.connection.copy(&sql).await?);
        let mut tuples = Tuples::new(self.plan.columns.len());
        let mut read = Read { rows: 0, last: None, at, under_way };
        let has_times = self.has_times();
        let (mut ahead, mut furthest) = (0, None);
        while let Some(message) = messages.next().await {
            let message = message.map_err(|error| failure::failed(&error))?;
            tuples.read(&message, |fields| {
                let columns = self.plan.columns.iter().zip(&fields);
                let values = columns.map(|(column, field)| {
                    Value::read(column.form, *field).map_err(|error| error.context(&column.name))
                });
                let values: Vec<Value<'_>> = values.collect::<Result<_>>()?;
                read.rows += 1;
                let last = self.plan.cursor.and_then(|at| cursor(&values[at]));
                read.last = read.last.max(last);
                if has_times && last > Some(at) {
                    ahead += 1;
                    furthest = furthest.max(last);
                }
                self.shape.push(&self.plan, &values, &mut self.tally)
            })?;
            if self.shape.is_enough() {
                let mut position = self.position;
                // In order, everything before the last value is there.
                if let (Page::Next(_), Some(last)) = (page, read.last) {
                    let last = if has_times { last.min(at) } else { last };
                    position.cursor = position.cursor.max(Some(last - 1));
                }
                let batches = self.shape.finish()?;
                let rows = self.tally.rows + read.rows;
                send(&self.sender, Chunk { batches, position, rows }).await?;
            }
        }
        self.tally.rows += read.rows;
        self.say_ahead(ahead, furthest);
        Ok(read)
    }

    fn say_ahead(&mut self, rows: u64, furthest: Option<i64>) {
        let Some((column, furthest)) = self.plan.cursor_sql().zip(furthest) else { return };
        let name = column.0.name.clone();
        let why = format!(
            "{} later than the server's time (the latest {}): read again with every sync, as they \
             must not move the cursor; was a clock wrong?",
            counted_are(rows),
            time::format_moment(furthest)
        );
        self.tally.note("cursor ahead", Some(&name), why);
    }

    /// The columns are still what the plan says; else a field could be taken for another.
    async fn check(&self, sql: &str) -> Result<()> {
        let label = &self.plan.label;
        let statement = self.connection.prepare(sql).await;
        let statement = statement.map_err(|error| failure::failed(&error).context(label))?;
        if self.plan.fits(&statement) {
            return Ok(());
        }
        Err(Error::new(format!("{label}: a column has another type than when the sync began"))
            .hint("what was read has landed: sync again"))
    }

    /// Hands over what is gathered, with where we are.
    async fn hand_over(&mut self) -> Result<()> {
        let batches = self.shape.finish()?;
        self.send(batches).await
    }

    async fn send(&self, batches: Vec<RecordBatch>) -> Result<()> {
        let chunk = Chunk { batches, position: self.position, rows: self.tally.rows };
        send(&self.sender, chunk).await
    }
}

async fn send(sender: &Sender<Chunk>, chunk: Chunk) -> Result<()> {
    let sent = sender.send(chunk).await;
    sent.map_err(|_| Error::new("the writer of the lake has stopped"))
}

fn counted_are(rows: u64) -> String {
    format!("{} {}", counted(rows, "row"), if rows == 1 { "is" } else { "are" })
}

/// The value of the cursor, if it can be compared.
fn cursor(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(value) => Some(*value),
        Value::Time(at, _) => Some(*at),
        Value::Date(days) => Some(i64::from(*days) * DAY_US),
        _ => None,
    }
}
