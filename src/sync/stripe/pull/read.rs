//! Reads the unread ranges of one resource: several pages at the same time, a commit now and then,
//! each with what was still unread when it was made.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use parking_lot::Mutex;
use tokio::task::JoinHandle;

use super::super::api::{Failure, Kind, ListRequest, PAGE, VERSION, created_of, page_of};
use super::super::batch::StripeBatches;
use super::super::object::Answered;
use super::super::resources::Resource;
use super::plan::{self, Gap};
use super::position::Position;
use super::ranges::{OPEN, Range, Ranges, Seen, Unread};
use super::{EVENTS, Pull, whole};
use crate::clock;
use crate::error::{Error, Result};
use crate::lake::Commit;
use crate::sync::journal::DiagnosticRow;
use crate::sync::json::Json;
use crate::sync::log::Counts;
use crate::sync::report::Landed;

/// Pages of one resource that are on their way at the same time.
const WIDTH: usize = 6;
/// What is gathered for one commit: many enough for a file, few enough for the memory.
const COMMIT_ROWS: usize = 20_000;
const COMMIT_BYTES: usize = 8 << 20;
/// How often a page that is broken, or another than was asked for, is asked for again.
const TRIES: u32 = 6;

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

/// The ids of a list, as hashes.
#[derive(Debug, Default)]
pub struct Listed(HashSet<u64>);

impl Listed {
    fn add(&mut self, id: &str) {
        self.0.insert(hash(id));
    }

    /// Whether an object is not in the list.
    pub fn lacks(&self, id: &str) -> bool {
        !self.0.contains(&hash(id))
    }
}

fn hash(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// A page as it was found.
struct Page {
    seen: Seen,
    objects: u64,
    /// When the newest object was created, unix seconds.
    newest: Option<i64>,
    /// When the server gave it, µs.
    at: i64,
    rest_requests: u64,
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
            gathered: Gathered {
                gap: (position.gap > 0).then(|| position.gap.to_string()),
                batches: Mutex::new(StripeBatches::new(clock::now_us())),
                is_plain: Mutex::new(None),
                lost: Mutex::new(vec![]),
                listed: Mutex::new(is_listed_over.then(Listed::default)),
            },
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
            self.reading.objects.div_ceil(100).max(resource.listing.parts() as u64)
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
                        position.bound = position.bound.max(page.at / 1_000_000);
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

/// What the pages of one resource bring.
struct Gathered {
    gap: Option<String>,
    batches: Mutex<StripeBatches>,
    /// Why expansions are left out.
    is_plain: Mutex<Option<Failure>>,
    lost: Mutex<Vec<DiagnosticRow>>,
    listed: Mutex<Option<Listed>>,
}

impl Gathered {
    fn is_enough(&self) -> bool {
        let batches = self.batches.lock();
        batches.rows() >= COMMIT_ROWS || batches.bytes() >= COMMIT_BYTES
    }

    /// Gets one page, makes its objects whole and gathers them.
    async fn page(
        &self,
        pull: &Pull,
        resource: &'static Resource,
        ticket: u64,
        unread: Unread,
    ) -> (u64, Unread, Result<Page, Failure>) {
        let mut tries = 0;
        loop {
            match self.try_page(pull, resource, &unread).await {
                // The answer came, and was broken or another than was asked for.
                Err(Attempt::Again(failure)) if tries < TRIES => {
                    tries += 1;
                    tracing::debug!(resource = resource.name, failure.message, "asking again");
                }
                Err(Attempt::Again(failure) | Attempt::Over(failure)) => {
                    return (ticket, unread, Err(failure));
                }
                Ok(page) => return (ticket, unread, Ok(page)),
            }
        }
    }

    async fn try_page(
        &self,
        pull: &Pull,
        resource: &'static Resource,
        unread: &Unread,
    ) -> Result<Page, Attempt> {
        let request = ListRequest {
            from: (unread.range.from > 0).then_some(unread.range.from),
            to: (unread.range.to != OPEN).then_some(unread.range.to),
            after: unread.after.clone(),
            part: resource.listing.each.get(unread.part).copied(),
            is_plain: self.is_plain.lock().is_some(),
            limit: PAGE,
        };
        let answer = match pull.api.list(resource, &request).await {
            Ok(answer) => answer,
            Err(failure) => {
                // What cannot be expanded is left out; what cannot be read at all fails again.
                let may_be_plain = !request.is_plain && !resource.listing.expand.is_empty();
                let is_refused = matches!(failure.kind, Kind::Denied { .. } | Kind::BadRequest);
                if may_be_plain && is_refused {
                    *self.is_plain.lock() = Some(failure.clone());
                    return Err(Attempt::Again(failure));
                }
                return Err(Attempt::Over(failure));
            }
        };
        let (objects, has_more) = page_of(&answer.text).map_err(Attempt::Again)?;
        let times: Vec<i64> =
            objects.iter().filter_map(|object| created_of(resource, object)).collect();
        let by_created = resource.listing.by_created;
        // A page may begin with what the one before ended with, but holds nothing older.
        let is_asked_for = !by_created || times.iter().all(|at| *at >= unread.range.from);
        let (times_of_all, times) = (times.len(), times.into_iter().filter(|at| unread.holds(*at)));
        let times: Vec<i64> = times.collect();
        if !is_asked_for || (has_more && objects.is_empty()) {
            let why = "the page is not the one that was asked for";
            return Err(Attempt::Again(Failure::new(Kind::Transient, why)));
        }
        let rests = whole::fetch(&pull.api, &objects).await.map_err(Attempt::Over)?;
        let row = |kind| DiagnosticRow {
            kind,
            path: resource.path.to_owned(),
            relation: Some(resource.table.replace('/', ".")),
            ..DiagnosticRow::default()
        };
        self.lost.lock().extend(rests.lost.iter().map(|(owner, list, why)| DiagnosticRow {
            id: Some(owner.clone()),
            field: Some((*list).to_owned()),
            reason: why.clone(),
            ..row("cut list")
        }));
        let page = Page {
            objects: objects.len() as u64,
            newest: times.iter().copied().max(),
            seen: Seen {
                oldest: times.iter().copied().min(),
                last_id: objects.last().and_then(|last| last.get_str("id")).map(str::to_owned),
                is_ordered: times_of_all == objects.len() && times.is_sorted_by(|a, b| a >= b),
                has_more,
            },
            at: answer.at,
            rest_requests: rests.requests,
        };
        let mut objects: Vec<Json<'_>> = objects;
        let how = Answered { at: answer.at, api_version: VERSION, gap: self.gap.as_deref() };
        let mut batches = self.batches.lock();
        let mut listed = self.listed.lock();
        for object in &mut objects {
            if let (Some(listed), Some(id)) = (&mut *listed, object.get_str("id")) {
                listed.add(id);
            }
            whole::fill(object, &rests);
            if let Err(refusal) = batches.push_answer(object, how) {
                let (field, reason) = (refusal.field, refusal.reason);
                self.lost.lock().push(DiagnosticRow { field, reason, ..row("rejected") });
            }
        }
        Ok(page)
    }
}

/// Why there is no page.
enum Attempt {
    Again(Failure),
    Over(Failure),
}
