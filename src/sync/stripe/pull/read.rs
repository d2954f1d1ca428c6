//! Reads the unread ranges of one resource: several pages at the same time, a commit now and then,
//! each with what was still unread when it was made.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::task::JoinHandle;

use super::super::api::{Failure, Kind, PAGE};
use super::super::resources::Resource;
use super::page::{Gathered, Listed};
use super::plan::{self, Gap};
use super::position::Position;
use super::ranges::{OPEN, Range, Ranges};
use super::{EVENTS, Pull};
use crate::clock;
use crate::error::{Error, Result};
use crate::lake::Commit;
use crate::sync::journal::DiagnosticRow;
use crate::sync::log::Counts;
use crate::sync::report::Landed;
use crate::time::SECOND_US;

/// Pages of one resource that are on their way at the same time.
const WIDTH: usize = 6;

/// What came of reading one resource.
#[derive(Debug)]
pub struct Reading {
    pub resource: &'static Resource,
    pub position: Position,
    pub counts: Counts,
    /// Objects of the lists, repeated ones included.
    pub objects: u64,
    /// The requests that it takes at least.
    pub least_requests: u64,
    pub failure: Option<Failure>,
    /// Why its expansions could not be had although the resource can.
    pub without: Option<Failure>,
    /// When the oldest and the newest object of this reading were created, unix seconds.
    oldest: Option<i64>,
    newest: i64,
    /// The gap that the events show, if it is events that were read.
    pub gap: Option<Gap>,
    /// After a gap, if all of the list was read at once: what is in it, for [`Listed::lacks`].
    pub listed: Option<Listed>,
}

/// Reads until nothing is left or something fails; then what was read is committed all the same.
/// The error is the lake's.
pub async fn read(
    pull: Arc<Pull>,
    resource: &'static Resource,
    position: Position,
) -> Result<Reading> {
    let mut reader = Reader::new(pull, resource, position);
    reader.run().await?;
    Ok(reader.reading)
}

/// Lists a resource without landing anything; what came is handed to `take`.
pub async fn list(
    pull: Arc<Pull>,
    resource: &'static Resource,
    take: &mut (dyn FnMut(Vec<Landed>) -> Result<()> + Send),
) -> Result<Option<Failure>> {
    let position = Position { ranges: vec![Range::ALL], ..Position::default() };
    let mut reader = Reader::new(Arc::clone(&pull), resource, position);
    loop {
        reader.read_some(&pull, resource).await?;
        let landed = reader.gathered.batches.lock().finish()?;
        take(landed)?;
        let is_done = reader.reading.failure.is_some() || reader.ranges.remaining().is_empty();
        if is_done || pull.api.is_stopping() {
            return Ok(reader.reading.failure);
        }
    }
}

struct Reader {
    pull: Arc<Pull>,
    ranges: Ranges,
    gathered: Gathered,
    writing: Option<JoinHandle<Result<Counts>>>,
    /// Requests for the rest of lists inside objects.
    rest_requests: u64,
    reading: Reading,
}

impl Reader {
    fn new(pull: Arc<Pull>, resource: &'static Resource, position: Position) -> Self {
        let is_listed_over =
            position.gap > 0 && position.ranges == [Range::ALL] && resource.listing.shows_all;
        Self {
            ranges: Ranges::new(
                position.ranges.clone(),
                resource.listing.parts(),
                resource.listing.by_created,
            ),
            gathered: Gathered::new(
                (position.gap > 0).then(|| position.gap.to_string()),
                is_listed_over,
            ),
            writing: None,
            rest_requests: 0,
            reading: Reading {
                resource,
                position,
                counts: Counts::default(),
                objects: 0,
                least_requests: 0,
                failure: None,
                without: None,
                oldest: None,
                newest: 0,
                gap: None,
                listed: None,
            },
            pull,
        }
    }

    async fn run(&mut self) -> Result<()> {
        let (pull, resource) = (Arc::clone(&self.pull), self.reading.resource);
        loop {
            self.read_some(&pull, resource).await?;
            let is_done = self.reading.failure.is_some() || self.ranges.remaining().is_empty();
            let is_over = is_done || pull.api.is_stopping();
            self.commit(is_over).await?;
            if is_over {
                break;
            }
        }
        if self.reading.failure.is_none() {
            self.reading.without = self.gathered.is_plain.lock().take();
            let is_whole = self.reading.position.ranges.is_empty();
            self.reading.listed = self.gathered.listed.lock().take().filter(|_| is_whole);
        }
        if self.reading.failure.is_none() && !self.ranges.remaining().is_empty() {
            self.reading.failure = Some(Failure::new(Kind::Stopped, "stopped"));
        }
        self.reading.least_requests =
            self.reading.objects.div_ceil(PAGE as u64).max(resource.listing.parts() as u64)
                + self.rest_requests;
        Ok(())
    }

    /// Reads pages until there is enough for a commit.
    async fn read_some(&mut self, pull: &Pull, resource: &'static Resource) -> Result<()> {
        let gathered = &self.gathered;
        let mut on_their_way = FuturesUnordered::new();
        loop {
            let may_go_on =
                self.reading.failure.is_none() && !pull.api.is_stopping() && !gathered.is_enough();
            while may_go_on && on_their_way.len() < WIDTH {
                let Some((ticket, unread)) = self.ranges.take() else { break };
                on_their_way.push(gathered.page(pull, resource, ticket, unread));
            }
            let Some((ticket, unread, page)) = on_their_way.next().await else { return Ok(()) };
            match page {
                Ok(page) => {
                    let reading = &mut self.reading;
                    let position = &mut reading.position;
                    if unread.range.to == OPEN && unread.after.is_none() {
                        position.bound = position.bound.max(page.at / SECOND_US);
                    }
                    reading.newest = reading.newest.max(page.newest.unwrap_or_default());
                    reading.oldest = reading.oldest.into_iter().chain(page.seen.oldest).min();
                    reading.objects += page.objects;
                    self.rest_requests += page.rest_requests;
                    pull.progress.add(page.objects);
                    let may_split = on_their_way.len() + 1 < WIDTH;
                    if let Err(failure) = self.ranges.read(ticket, &page.seen, may_split) {
                        reading.failure.get_or_insert(failure);
                    }
                    let share = 1.0 - self.ranges.unread_share(reading.position.bound);
                    pull.progress.set_share(resource.name, share);
                }
                Err(failure)
                    if unread.after.is_some()
                        && resource.listing.by_created
                        && matches!(failure.kind, Kind::NotFound | Kind::BadRequest) =>
                {
                    // The object that the cursor names was deleted while we read.
                    self.ranges.put_back_without_cursor(ticket);
                }
                Err(failure) => {
                    self.ranges.put_back(ticket);
                    self.reading.failure.get_or_insert(failure);
                }
            }
        }
    }

    /// Commits what was gathered with what is unread; the write goes on while more is read,
    /// unless it `is_last`.
    async fn commit(&mut self, is_last: bool) -> Result<()> {
        let (landed, diagnostics) = {
            let mut batches = self.gathered.batches.lock();
            let diagnostics = std::mem::take(&mut batches.diagnostics).finish().0;
            (batches.finish()?, diagnostics)
        };
        let resource = self.reading.resource;
        let position = &mut self.reading.position;
        position.ranges = self.ranges.remaining();
        if position.ranges.is_empty() && self.reading.failure.is_none() {
            let now = self.pull.now();
            let oldest = self.reading.oldest;
            self.reading.gap = (resource.name == EVENTS)
                .then(|| plan::gap_by_evidence(position.seen, oldest, now))
                .flatten();
            // As long as a gap is not dealt with, it is to be seen again.
            if self.reading.gap.is_none() {
                position.complete = position.bound;
                position.seen = position.seen.max(self.reading.newest);
            }
        }
        let positions = position.to_commit(&self.pull.scope);
        let mut batches = BTreeMap::new();
        for part in landed {
            batches.entry(part.table).or_insert_with(Vec::new).push(part.batch);
        }
        let mut rows = std::mem::take(&mut *self.gathered.lost.lock());
        rows.extend(diagnostics.iter().map(|d| DiagnosticRow::unread(resource.path, d)));
        self.written().await?;
        let pull = Arc::clone(&self.pull);
        self.writing = Some(tokio::spawn(async move {
            let mut log = pull.log.lock().await;
            let commit = Commit { positions, ..Commit::default() };
            let counts = log.append(batches, resource.table, commit).await?;
            log.record_diagnostics(&rows, clock::now_us()).await?;
            pull.settle_requests(&mut log, false).await?;
            Ok(counts)
        }));
        if is_last { self.written().await } else { Ok(()) }
    }

    /// Waits for the commit before.
    async fn written(&mut self) -> Result<()> {
        let Some(writing) = self.writing.take() else { return Ok(()) };
        let counts =
            writing.await.map_err(|_| Error::new("the writer of the lake has stopped"))??;
        self.reading.counts.add(counts);
        Ok(())
    }
}
