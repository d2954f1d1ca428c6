//! Brings what a PostHog project has into the lake, and later what has come since.
//!
//! Spans of ingestion time are read one after the other, so that late events are found whenever
//! they say they happened. With the last rows of a span goes how far we are: a sync can be cut off
//! anywhere. What lies just before now is left for the next time, because PostHog may still be
//! writing it, and each sync looks a little further back than where the last one ended; what was
//! there already is known by its uuid.

mod latest;
mod spans;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use super::api::{Api, Failure, Kind};
use super::position;
use super::position::Position;
use super::report::{Reading, Report, Way};
use super::settings::{DATA, Datum, Settings};
use super::slices::Slice;
use crate::clock;
use crate::error::{Error, Result};
use crate::lake::{Commit, Lake};
use crate::sync::incoming::Folder;
use crate::sync::land::Landing;
use crate::time::{self, SECOND_US};

/// What was ingested later than this before now may not all be there yet.
const UNSETTLED: i64 = 600 * SECOND_US;
/// How far a sync looks back behind where the last one ended. A query goes by the time at which an
/// event was made, which is further from when it can be seen.
const OVERLAP: i64 = 3_600 * SECOND_US;
const QUERY_OVERLAP: i64 = 6 * OVERLAP;
/// One project on its way into one lake.
#[derive(Debug)]
pub struct Pull {
    pub api: Api,
    settings: Settings,
    scope: String,
    folder: Folder,
    landing: tokio::sync::Mutex<Landing>,
    pub progress: Progress,
}

/// How far a sync has come, for whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    rows: AtomicU64,
    under_way: Mutex<(f64, String)>,
}

impl Progress {
    fn show(&self, share: f64, what: String) {
        *self.under_way.lock() = (share, what);
    }

    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// The share of the spans that is read, and what is being read.
    pub fn share(&self) -> (f64, String) {
        self.under_way.lock().clone()
    }
}

/// The span that a sync reads of one kind of data.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// Everything from here on is to be there in the end.
    from: i64,
    /// Where reading begins.
    at: i64,
    to: i64,
}

impl Pull {
    /// `incoming` is where files are kept as long as they are landed.
    pub async fn new(api: Api, lake: Lake, settings: &Settings, incoming: &Path) -> Result<Self> {
        let scope = position::scope(settings);
        let scope = scope.ok_or_else(|| Error::new("no PostHog project is named"))?;
        let mappings = settings.mapping().into_iter().collect();
        Ok(Self {
            api,
            settings: settings.clone(),
            scope,
            folder: Folder::open(incoming)?,
            landing: tokio::sync::Mutex::new(Landing::new(lake, mappings)),
            progress: Progress::default(),
        })
    }

    /// Reads what is unread, once. Only the lake's and the disk's errors are errors; everything that
    /// PostHog refused is in the report.
    pub async fn once(&self) -> Result<Report> {
        let before = self.api.requests();
        let mut report = Report::default();
        match self.beginning().await {
            Ok(beginning) => {
                for datum in DATA {
                    let reading = self.read(datum, beginning).await?;
                    let is_over = reading.failure.as_ref().is_some_and(Failure::ends_the_sync);
                    report.readings.push(reading);
                    if is_over {
                        break;
                    }
                }
            }
            Err(failure) => report.failure = Some(failure),
        }
        report.requests = self.api.requests() - before;
        Ok(report)
    }

    /// Writes what came of a sync to the system tables.
    pub async fn record(&self, report: &Report) -> Result<()> {
        let at = clock::now_us();
        let mut landing = self.landing.lock().await;
        let log = landing.log();
        log.record_requests("posthog", report.requests, at).await?;
        log.record_diagnostics(&report.diagnostics(&self.scope), at).await?;
        log.record_syncs(&report.rows(&self.scope, at), at).await
    }

    /// The moment from which on the project can have anything: as it is set, else when the project
    /// was made. It also tells a wrong key or project before anything else is asked.
    async fn beginning(&self) -> Result<i64, Failure> {
        let project = match self.api.get("").await {
            Ok(answer) => answer,
            Err(Failure { kind: Kind::Denied { .. }, .. }) if self.settings.start.is_some() => {
                return Ok(self.settings.start.unwrap_or_default());
            }
            Err(failure) if failure.kind == Kind::NotThere => {
                return Err(Failure {
                    kind: Kind::ProjectUnknown,
                    message: format!("{} (asked for the project)", failure.message),
                    ..failure
                });
            }
            Err(failure) => return Err(failure),
        };
        let created = project.json["created_at"].as_str();
        let created = created.and_then(|text| time::parse_moment(text).ok());
        // A project can take in what another place has logged before, but not before it exists.
        self.settings.start.or(created).ok_or_else(|| {
            Failure::new(
                Kind::BadRequest,
                "PostHog does not tell when the project was made: set [source.posthog] start",
            )
        })
    }

    async fn read(&self, datum: &'static Datum, beginning: i64) -> Result<Reading> {
        let position = {
            let mut landing = self.landing.lock().await;
            let table = landing.log().table(datum.table).await?;
            table.refresh().await?;
            Position::load(table, &self.scope).await?
        };
        match datum.name {
            "groups" => self.groups(datum).await,
            _ => {
                let mut reading = Reading::new(datum, Way::Export);
                reading.through = position.map(|position| position.through);
                let plan = self.plan(position, beginning, OVERLAP);
                match self.exports(&mut reading, plan).await? {
                    Ok(()) => Ok(reading),
                    Err(failure) if is_no_export(&failure) => {
                        reading.way = Way::Query;
                        let read = match datum.name {
                            "events" => {
                                let plan = self.plan(position, beginning, QUERY_OVERLAP);
                                self.queries(&mut reading, plan).await?
                            }
                            _ => self.people(&mut reading, position).await?,
                        };
                        reading.no_export = Some(failure);
                        reading.failure = read.err();
                        Ok(reading)
                    }
                    Err(failure) => Ok(reading.fail(failure)),
                }
            }
        }
    }

    fn plan(&self, position: Option<Position>, beginning: i64, overlap: i64) -> Plan {
        let to = whole_seconds(self.api.now() - UNSETTLED);
        let from = whole_seconds(beginning);
        let at = match position {
            // An earlier start than before: what lies between is read with all the rest.
            Some(position) if position.from <= from => from.max(position.through - overlap),
            _ => from,
        };
        Plan { from, at: whole_seconds(at), to }
    }

    /// Lands a file; one that breaks off is a failure.
    async fn land(
        &self,
        reading: &mut Reading,
        slice: Slice,
        path: &Path,
        positions: Vec<(String, i64)>,
    ) -> Result<Result<(), Failure>> {
        // A file without a record is none; how far we are is to be kept all the same.
        if std::fs::metadata(path)?.len() == 0 {
            return self.commit(reading, positions).await.map(Ok);
        }
        let name = reading.datum.name;
        let label = format!("{} {name} from {}", self.scope, time::format_moment(slice.from));
        let before = self.progress.rows();
        let progress = |rows| self.progress.rows.store(before + rows, Ordering::Relaxed);
        let mut landing = self.landing.lock().await;
        let landed = landing.given(path, &label, reading.datum.table, positions, &progress).await?;
        let (report, counts) = landed;
        let cut = report.is_cut.then(|| {
            let why = report.problems.first().map(|problem| problem.reason.clone());
            let why = why.unwrap_or_else(|| "cannot be read".to_owned());
            Failure::new(Kind::Transient, format!("a file of PostHog's {name}: {why}"))
        });
        reading.add(report, counts);
        Ok(cut.map_or(Ok(()), Err))
    }

    /// Keeps how far we are where there was nothing to land.
    async fn commit(&self, reading: &Reading, positions: Vec<(String, i64)>) -> Result<()> {
        if positions.is_empty() {
            return Ok(());
        }
        let commit = Commit { positions, ..Commit::default() };
        let mut landing = self.landing.lock().await;
        landing.log().append(Default::default(), reading.datum.table, commit).await.map(drop)
    }

    /// What a commit says once a slice is read.
    fn reached(&self, plan: Plan, slice: Slice) -> Vec<(String, i64)> {
        Position { from: plan.from, through: slice.to }.to_commit(&self.scope)
    }

    fn show(&self, reading: &Reading, plan: Plan, slice: Slice) {
        let share = (slice.from - plan.at) as f64 / (plan.to - plan.at).max(1) as f64;
        let what = format!(
            "{} by {} from {}",
            reading.datum.name,
            reading.way.word(),
            &time::format_moment(slice.from)[..10]
        );
        self.progress.show(share, what);
    }
}

/// Whether the failure says that there are no exports to be had: events then come by query.
fn is_no_export(failure: &Failure) -> bool {
    matches!(failure.kind, Kind::Denied { .. } | Kind::NotThere)
}

fn whole_seconds(at: i64) -> i64 {
    at.div_euclid(SECOND_US) * SECOND_US
}
