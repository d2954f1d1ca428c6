//! Brings what Stripe has into the lake, and later what has changed.
//!
//! Lists tell how things are, events tell what changes. Every list is read once, then the events
//! of the last 30 days, and from then on the events since the last reading. They are read after
//! the lists, so that what changes while a list is read is there in the end. A reading can be cut
//! off anywhere: each commit holds what was still unread.

mod page;
mod plan;
mod position;
mod ranges;
mod read;
mod report;
mod whole;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::{StreamExt, stream};

use super::api::{Api, Failure, ListRequest, VERSION};
use super::batch::StripeBatches;
use super::object::Answered;
use super::resources::{Resource, listed};
use crate::clock;
use crate::config::{Config, Mode};
use crate::error::{Error, Result};
use crate::lake::{Commit, Lake, Table};
use crate::sync::json::Json;
use crate::sync::log::Log;
use crate::time::SECOND_US;

pub use position::Position;
pub use read::{Reading, list};
pub use report::Report;

/// Resources that are read at the same time.
const AT_ONCE: usize = 2;
/// Requests that may be lost from the count in a crash: so many, or this share of the sync's.
const SETTLE: u64 = 20;
const SETTLE_SHARE: u64 = 20;
/// What has no events is listed again every six hours when events are followed.
const REST: i64 = 6 * 3600;
/// The table that ends a sync.
const EVENTS: &str = "events";

/// One account on its way into one lake.
#[derive(Debug)]
pub struct Pull {
    pub api: Api,
    log: tokio::sync::Mutex<Log>,
    /// Under which name the lake keeps how far we have come.
    scope: String,
    pub progress: Progress,
    /// How old what has no events may become before it is listed again, seconds.
    rest: i64,
    settled: AtomicU64,
    known: parking_lot::Mutex<Option<BTreeMap<&'static str, Position>>>,
}

/// How far a sync has come, for whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    objects: AtomicU64,
    shares: parking_lot::Mutex<BTreeMap<&'static str, f64>>,
}

impl Progress {
    fn add(&self, objects: u64) {
        self.objects.fetch_add(objects, Ordering::Relaxed);
    }

    fn set_share(&self, resource: &'static str, share: f64) {
        self.shares.lock().insert(resource, share);
    }

    pub fn objects(&self) -> u64 {
        self.objects.load(Ordering::Relaxed)
    }

    /// The share that is read of all that is to be read, and what is being read.
    pub fn share(&self) -> (f64, Vec<&'static str>) {
        let shares = self.shares.lock();
        let done = shares.values().sum::<f64>() / shares.len().max(1) as f64;
        let under_way = shares.iter().filter(|(_, share)| (0.000_1..1.0).contains(*share));
        (done, under_way.map(|(name, _)| *name).collect())
    }
}

/// Where the events are, and with them how far all the rest has come.
pub const EVENTS_TABLE: &str = "stripe_log/events";

/// Under which name the lake keeps how far an account has come.
pub fn scope(mode: Mode, account: Option<&str>) -> String {
    format!("stripe {} {}", mode.as_str(), account.unwrap_or("own"))
}

/// The moment up to which all that happened at the project's account is in the lake, µs; `None` if
/// it was never synced. `events` is [`EVENTS_TABLE`]: what was listed stays current by them.
pub async fn complete_through(events: &Table, config: &Config) -> Result<Option<i64>> {
    let scope = scope(config.mode, config.source.stripe.account.as_deref());
    Position::complete(events, &scope).await
}

impl Pull {
    /// `is_followed`: it will be asked again within minutes.
    pub fn new(api: Api, lake: Lake, is_followed: bool) -> Arc<Self> {
        let scope = scope(api.mode(), api.account.as_deref());
        Arc::new(Self {
            api,
            log: tokio::sync::Mutex::new(Log::new(lake)),
            scope,
            progress: Progress::default(),
            rest: if is_followed { REST } else { 0 },
            settled: AtomicU64::new(0),
            known: parking_lot::Mutex::default(),
        })
    }

    /// Reads what is unread, once. Only the lake's errors are errors; everything that Stripe
    /// refused is in the report.
    pub async fn once(self: &Arc<Self>) -> Result<Report> {
        self.api.go_on();
        let before = self.api.requests();
        let mut positions = self.positions().await?;
        let mut readings = self.read_lists(&positions).await?;
        if !positions.is_empty() {
            self.ask_the_time().await;
        }
        // By the server's clock only, and only where reading again can help.
        let is_going = !self.api.is_stopping();
        let now = self.api.now().filter(|_| is_going && !positions.is_empty());
        let mut gap = now.and_then(|now| plan::gap_by_age(&positions, now / SECOND_US));
        if gap.is_none() {
            let events = self.read_events(&positions).await?;
            gap = events.as_ref().and_then(|events| events.gap.clone());
            readings.extend(events);
        }
        if let Some(gap) = &gap {
            positions = self.positions().await?;
            self.enter_gap(&mut positions, gap).await?;
            readings.extend(self.read_lists(&positions).await?);
            readings.extend(self.read_events(&positions).await?);
        }
        let positions = self.positions().await?;
        let report = Report::new(readings, gap, &positions, self.api.requests() - before);
        self.settle_requests(&mut *self.log.lock().await, true).await?;
        Ok(report)
    }

    /// Lands the end of objects that a list no longer has, as Stripe shows what is deleted. When it
    /// happened is not known; it is known now.
    pub async fn bury(&self, resource: &'static Resource, ids: &[String]) -> Result<()> {
        let at = self.api.now().unwrap_or_else(clock::now_us);
        let mut batches = StripeBatches::new(clock::now_us());
        for id in ids {
            let text = |text: &str| Json::String(text.to_owned().into());
            let object = Json::Object(vec![
                ("id".into(), text(id)),
                ("object".into(), text(resource.objects[0])),
                ("deleted".into(), Json::Bool(true)),
            ]);
            let how = Answered { at, api_version: VERSION, gap: None };
            if let Err(refusal) = batches.push_answer(&object, how) {
                return Err(Error::new(refusal.reason));
            }
        }
        let landed = batches.finish()?.into_iter().map(|part| (part.table, vec![part.batch]));
        let landed = landed.collect();
        self.log.lock().await.append(landed, resource.table, Commit::default()).await.map(drop)
    }

    /// Writes what came of a sync to `system.syncs` and `system.diagnostics`.
    pub async fn record(&self, report: &Report) -> Result<()> {
        let at = clock::now_us();
        let mut log = self.log.lock().await;
        log.record_diagnostics(&report.diagnostics(), at).await?;
        log.record_syncs(&report.rows(&self.scope, at), at).await
    }

    /// How far each resource has come: what the lake says, and from then on what we know.
    async fn positions(&self) -> Result<BTreeMap<&'static str, Position>> {
        if let Some(positions) = &*self.known.lock() {
            return Ok(positions.clone());
        }
        let mut log = self.log.lock().await;
        let mut positions = BTreeMap::new();
        for resource in listed() {
            let table = log.table(resource.table).await?;
            table.refresh().await?;
            if let Some(position) = Position::load(table, &self.scope).await? {
                positions.insert(resource.name, position);
            }
        }
        *self.known.lock() = Some(positions.clone());
        Ok(positions)
    }

    fn remember(&self, resource: &'static Resource, position: &Position) {
        if let Some(known) = &mut *self.known.lock() {
            known.insert(resource.name, position.clone());
        }
    }

    /// Sets every list to be read again, so that a crash from here on changes nothing of it.
    async fn enter_gap(
        &self,
        positions: &mut BTreeMap<&'static str, Position>,
        gap: &plan::Gap,
    ) -> Result<()> {
        let mut log = self.log.lock().await;
        for resource in listed() {
            let Some(position) = positions.get_mut(resource.name) else { continue };
            plan::read_again(position, gap);
            let commit = Commit { positions: position.to_commit(&self.scope), ..Commit::default() };
            log.table(resource.table).await?.append(vec![], commit).await?;
            self.remember(resource, position);
        }
        log.record_diagnostics(&[gap.diagnostic()], clock::now_us()).await
    }

    /// The server's time, unix seconds.
    fn now(&self) -> i64 {
        self.api.now().unwrap_or_else(clock::now_us) / SECOND_US
    }

    /// Makes a request if the server has not yet told its time; whatever it answers tells it.
    async fn ask_the_time(&self) {
        if self.api.now().is_none()
            && let Some(events) = listed().find(|resource| resource.name == EVENTS)
        {
            let one = ListRequest { limit: 1, ..ListRequest::default() };
            let _ = self.api.list(events, &one).await;
        }
    }

    fn plan(
        &self,
        resource: &Resource,
        positions: &BTreeMap<&'static str, Position>,
    ) -> Option<Position> {
        plan::plan(resource, positions.get(resource.name), self.now(), self.rest)
    }

    async fn read_lists(
        self: &Arc<Self>,
        positions: &BTreeMap<&'static str, Position>,
    ) -> Result<Vec<Reading>> {
        let planned: Vec<(&'static Resource, Position)> = listed()
            .filter(|resource| resource.name != EVENTS)
            .filter_map(|resource| Some((resource, self.plan(resource, positions)?)))
            .collect();
        for (resource, _) in &planned {
            self.progress.set_share(resource.name, 0.0);
        }
        let reading: Vec<_> = planned
            .into_iter()
            .map(|(resource, position)| read_list(Arc::clone(self), resource, position))
            .collect();
        let readings: Vec<Result<Option<Reading>>> =
            stream::iter(reading).buffer_unordered(AT_ONCE).collect().await;
        readings.into_iter().filter_map(Result::transpose).collect()
    }

    async fn read_events(
        self: &Arc<Self>,
        positions: &BTreeMap<&'static str, Position>,
    ) -> Result<Option<Reading>> {
        let events = listed().find(|resource| resource.name == EVENTS);
        let planned = events.and_then(|events| Some((events, self.plan(events, positions)?)));
        match planned {
            Some((events, position)) if !self.api.is_stopping() => {
                self.progress.set_share(events.name, 0.0);
                let reading = read::read(Arc::clone(self), events, position).await?;
                self.remember(events, &reading.position);
                Ok(Some(reading))
            }
            _ => Ok(None),
        }
    }

    /// Writes down the requests that are not yet in `system.requests`.
    async fn settle_requests(&self, log: &mut Log, is_last: bool) -> Result<()> {
        let made = self.api.requests();
        let settled = self.settled.load(Ordering::Relaxed);
        let new = made.saturating_sub(settled);
        if new >= SETTLE.max(settled / SETTLE_SHARE) || (is_last && new > 0) {
            log.record_requests("stripe", new, clock::now_us()).await?;
            self.settled.store(made, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Reads one list, on a thread of its own; what ends the sync ends it for all.
async fn read_list(
    pull: Arc<Pull>,
    resource: &'static Resource,
    position: Position,
) -> Result<Option<Reading>> {
    if pull.api.is_stopping() {
        return Ok(None);
    }
    let reading = tokio::spawn(read::read(Arc::clone(&pull), resource, position)).await;
    let reading = reading.map_err(|_| Error::new("reading Stripe stopped in the middle"))?;
    match &reading {
        Ok(reading) => {
            pull.remember(resource, &reading.position);
            if ends(reading.failure.as_ref()) {
                pull.api.halt();
            }
        }
        Err(_) => pull.api.halt(),
    }
    reading.map(Some)
}

fn ends(failure: Option<&Failure>) -> bool {
    failure.is_some_and(Failure::ends_the_sync)
}
