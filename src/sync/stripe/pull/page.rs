//! One page of a list: asked for, held against what was asked for, made whole, and gathered.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use parking_lot::Mutex;

use super::super::api::{Failure, Kind, ListRequest, PAGE, VERSION, created_of, page_of};
use super::super::batch::StripeBatches;
use super::super::object::Answered;
use super::super::resources::Resource;
use super::ranges::{OPEN, Seen, Unread};
use super::{Pull, whole};
use crate::clock;
use crate::sync::journal::DiagnosticRow;
use crate::sync::json::Json;
use crate::time::SECOND_US;

/// What is gathered for one commit: many enough for a file, few enough for the memory.
const COMMIT_ROWS: usize = 20_000;
const COMMIT_BYTES: usize = 4 << 20;
/// How often a page that is broken, or another than was asked for, is asked for again.
pub const TRIES: u32 = 6;

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
pub struct Page {
    pub seen: Seen,
    pub objects: u64,
    /// When the newest object was created that is not from the future, unix seconds.
    pub newest: Option<i64>,
    /// When the server gave it, µs.
    pub at: i64,
    /// Requests for the rest of lists inside its objects.
    pub rest_requests: u64,
}

/// What the pages of one resource bring.
pub struct Gathered {
    /// The gap after which all is listed again.
    gap: Option<String>,
    pub batches: Mutex<StripeBatches>,
    /// Why expansions are left out.
    pub is_plain: Mutex<Option<Failure>>,
    pub lost: Mutex<Vec<DiagnosticRow>>,
    pub listed: Mutex<Option<Listed>>,
}

impl Gathered {
    /// With `takes_note`, the ids of the list are kept.
    pub fn new(gap: Option<String>, takes_note: bool) -> Self {
        Self {
            gap,
            batches: Mutex::new(StripeBatches::new(clock::now_us())),
            is_plain: Mutex::new(None),
            lost: Mutex::new(vec![]),
            listed: Mutex::new(takes_note.then(Listed::default)),
        }
    }

    /// Whether there is enough for a commit.
    pub fn is_enough(&self) -> bool {
        let batches = self.batches.lock();
        batches.rows() >= COMMIT_ROWS || batches.bytes() >= COMMIT_BYTES
    }

    /// Gets one page, makes its objects whole and gathers them.
    pub async fn page(
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
            // One from the future would hide that those before it are gone.
            newest: times.iter().copied().filter(|at| *at <= answer.at / SECOND_US).max(),
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
