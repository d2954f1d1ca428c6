//! How far a source reaches by what its rows say, so that no single row decides.
//!
//! A row that is later than its own landing is evidence of nothing: the clock that gave its time was
//! wrong. It is counted, and moves nothing. What the rows of a file say is kept beside it as marks.

mod apart;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema, TimestampMicrosecondType};

use self::apart::Weeks;
use crate::config::Mode;
use crate::error::Result;
use crate::format::counted;
use crate::lake::{Marking, Marks, TableSpec};
use crate::sync::files::{FILES_EVENTS, POSTGRES_EVENTS, POSTHOG_EVENTS};
use crate::sync::stripe::time_type;
use crate::time::{self, DAY_US};

pub use apart::Apart;

/// The column by which an object says that its time is that of a test clock.
const TEST_CLOCK: &str = "test_clock_id";
/// Without a time of ingestion: the latest event that is not later than its landing.
const OCCURRED: &str = "occurred";
/// The latest time of ingestion that is not later than the landing.
const INGESTED: &str = "ingested";
/// The latest event that has such a time and is not a day later than it.
const OCCURRED_BY_INGESTION: &str = "occurred_by_ingestion";
/// Rows that are later than their landing, and the latest of their times.
const AHEAD: &str = "ahead";
/// Objects under a test clock.
const CLOCKED: &str = "clocked";
/// The latest fact of a list or event, by mode.
const OBSERVED: &str = "observed";
/// An object that does not tell its mode is of the project's.
const OF_NO_MODE: &str = "any";

/// Events come in so late at most where they are sent as they happen; a device may be offline.
const LATE_US: i64 = 7 * DAY_US;
/// A clock of another zone is no more than that ahead.
const ZONES_US: i64 = DAY_US;
/// What is made while a long reading goes on is no later than it by more than that.
const READING_US: i64 = DAY_US;

/// Of product events.
const OF_EVENTS: Marking =
    Marking { columns: &["occurred_at", "ingested_at", "landed_at"], of: of_events };
/// Of a log of Stripe objects.
const OF_OBJECTS: Marking = Marking {
    columns: &["known_from", "observed_at", "landed_at", "livemode", TEST_CLOCK],
    of: of_objects,
};

/// The logs of Stripe's objects.
const OBJECTS: &str = "stripe_log/";

/// The marking of a table of the landed log; `None` where its rows tell nothing of its source.
pub fn marking(table: &str) -> Option<Marking> {
    const EVENTS: [&str; 3] = [FILES_EVENTS, POSTHOG_EVENTS, POSTGRES_EVENTS];
    match table {
        _ if table.starts_with(OBJECTS) => Some(OF_OBJECTS),
        _ => EVENTS.contains(&table).then_some(OF_EVENTS),
    }
}

/// Rows that are later than their landing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    pub rows: u64,
    /// The latest of their times, µs.
    pub latest: i64,
    /// Product events, not Stripe's objects.
    pub is_events: bool,
}

fn of_events(batch: &RecordBatch) -> Result<Marks> {
    let [occurred, ingested, landed] =
        ["occurred_at", "ingested_at", "landed_at"].map(|name| times(batch, name));
    let (occurred, ingested, landed) = (occurred?, ingested?, landed?);
    let (mut alone, mut came_in, mut happened) = (None, None, None);
    let (mut ahead, mut furthest) = (0, None);
    let mut weeks = Weeks::new();
    for row in 0..batch.num_rows() {
        let Some(at) = value(&occurred, row) else { continue };
        let landed_at = value(&landed, row).unwrap_or(i64::MAX);
        let ingested_at = value(&ingested, row);
        let said = at.max(ingested_at.unwrap_or(at));
        if said > landed_at {
            ahead += 1;
            furthest = furthest.max(Some(said));
        }
        match ingested_at.filter(|ingested_at| *ingested_at <= landed_at) {
            Some(ingested_at) => {
                came_in = came_in.max(Some(ingested_at));
                if at <= ingested_at.saturating_add(ZONES_US) {
                    happened = happened.max(Some(at.min(ingested_at)));
                }
            }
            None if at <= landed_at => {
                alone = alone.max(Some(at));
                weeks.add(at);
            }
            None => {}
        }
    }
    let mut marks = Marks::default();
    marks.see(OCCURRED, alone);
    marks.see(INGESTED, came_in);
    marks.see(OCCURRED_BY_INGESTION, happened);
    marks.see(AHEAD, furthest);
    marks.count(AHEAD, ahead);
    weeks.mark(&mut marks);
    Ok(marks)
}

fn of_objects(batch: &RecordBatch) -> Result<Marks> {
    let [known, observed, landed] =
        ["known_from", "observed_at", "landed_at"].map(|name| times(batch, name));
    let (known, observed, landed) = (known?, observed?, landed?);
    let livemode = batch.column_by_name("livemode");
    let livemode = livemode.map(|column| cast(column, &DataType::Boolean)).transpose()?;
    let livemode: Option<&BooleanArray> = livemode.as_ref().map(|column| column.as_boolean());
    let clock = batch.column_by_name(TEST_CLOCK);
    let mut marks = Marks::default();
    let mut clocked = 0;
    // Of live, test and unsaid: latest fact, latest time ahead, how many are ahead.
    let mut modes = [(None, None, 0); 3];
    for row in 0..batch.num_rows() {
        if clock.is_some_and(|clock| clock.is_valid(row)) {
            clocked += 1;
            continue;
        }
        let landed_at = value(&landed, row).unwrap_or(i64::MAX);
        let mode = livemode.filter(|column| column.is_valid(row));
        let (latest, furthest, ahead) =
            &mut modes[mode.map_or(2, |column| usize::from(!column.value(row)))];
        // Where nothing in it tells a time, the landing stands for it.
        *latest = value(&observed, row).filter(|at| *at < landed_at).max(*latest);
        let known_from = value(&known, row);
        if known_from.is_some_and(|at| at > landed_at.saturating_add(READING_US)) {
            *ahead += 1;
            *furthest = known_from.max(*furthest);
        }
    }
    for ((latest, furthest, ahead), mode) in modes.into_iter().zip(MODES) {
        marks.see(&named(OBSERVED, mode), latest);
        marks.see(&named(AHEAD, mode), furthest);
        marks.count(&named(AHEAD, mode), ahead);
    }
    marks.count(CLOCKED, clocked);
    Ok(marks)
}

const MODES: [&str; 3] = ["live", "test", OF_NO_MODE];

fn named(what: &str, mode: &str) -> String {
    format!("{what}_{mode}")
}

/// A column of times, of whatever precision its writer chose; `None` where there is none.
fn times(batch: &RecordBatch, name: &str) -> Result<Option<TimestampMicrosecondArray>> {
    let Some(column) = batch.column_by_name(name) else { return Ok(None) };
    let column = cast(column, &time_type())?;
    Ok(Some(column.as_primitive::<TimestampMicrosecondType>().clone()))
}

fn value(column: &Option<TimestampMicrosecondArray>, row: usize) -> Option<i64> {
    let column = column.as_ref().filter(|column| column.is_valid(row))?;
    Some(column.value(row))
}

/// The marks of a file that has none but the extremes of its times.
pub fn of_latest(spec: &TableSpec, latest: i64) -> Marks {
    let mut marks = Marks::default();
    match spec.time_column.as_deref() {
        Some("occurred_at") => marks.see(OCCURRED, Some(latest)),
        _ => marks.see(&named(OBSERVED, OF_NO_MODE), Some(latest)),
    }
    marks
}

/// Up to when product events are there, µs: the latest time of ingestion, if anything happened in
/// the days before it; else, as with what was imported long after it happened, the latest event.
pub fn of_product(marks: &Marks) -> Option<i64> {
    let happened = marks.latest(OCCURRED_BY_INGESTION);
    let ingested = marks.latest(INGESTED);
    let ingested = match (ingested, happened) {
        (Some(ingested), Some(happened)) if happened < ingested.saturating_sub(LATE_US) => {
            Some(happened)
        }
        _ => ingested,
    };
    ingested.max(marks.latest(OCCURRED))
}

/// Product events that are later than their landing.
pub fn events_ahead(marks: &Marks) -> Option<Ahead> {
    let latest = marks.latest(AHEAD)?;
    Some(Ahead { rows: marks.counted(AHEAD), latest, is_events: true })
}

/// Few product events far behind all others that decide up to when the data are there.
pub fn events_apart(marks: &Marks) -> Option<Apart> {
    let latest = marks.latest(OCCURRED).filter(|latest| of_product(marks) == Some(*latest))?;
    apart::apart(marks, latest)
}

/// All logs of Stripe's objects together.
#[derive(Debug, Default)]
pub struct Objects {
    /// Of objects that tell whether they are under a test clock, and of those that do not.
    tells_clock: Marks,
    tells_none: Marks,
}

impl Objects {
    /// Adds the marks of rows of a log with that schema.
    pub fn add(&mut self, schema: &Schema, marks: &Marks) {
        let tells_clock = schema.field_with_name(TEST_CLOCK).is_ok();
        let of = if tells_clock { &mut self.tells_clock } else { &mut self.tells_none };
        of.merge(marks);
    }

    /// The latest fact of the mode, µs; of the other one where the mode has none.
    pub fn through(&self, mode: Mode) -> Option<i64> {
        self.latest(OBSERVED, mode).or_else(|| self.latest(OBSERVED, mode.other()))
    }

    /// Objects of the mode that were made later than they landed.
    pub fn ahead(&self, mode: Mode) -> Option<Ahead> {
        let names = names(AHEAD, mode);
        let rows = |marks: &Marks| names.iter().map(|name| marks.counted(name)).sum::<u64>();
        let latest = self.latest(AHEAD, mode)?;
        Some(Ahead { rows: self.deciding(mode).map(rows).sum(), latest, is_events: false })
    }

    fn latest(&self, what: &str, mode: Mode) -> Option<i64> {
        let names = names(what, mode);
        let latest = |marks: &Marks| names.iter().filter_map(|name| marks.latest(name)).max();
        self.deciding(mode).filter_map(latest).max()
    }

    /// The logs that may decide. Charges and the like are under a test clock with their customer,
    /// and do not say so: where there is a clock, they are no evidence of test mode.
    fn deciding(&self, mode: Mode) -> impl Iterator<Item = &Marks> {
        let has_clocks = self.tells_clock.counted(CLOCKED) > 0;
        let others = (mode == Mode::Live || !has_clocks).then_some(&self.tells_none);
        [&self.tells_clock].into_iter().chain(others)
    }
}

/// The names of a mark of the mode, and of objects that do not tell theirs.
fn names(what: &str, mode: Mode) -> [String; 2] {
    [mode.as_str(), OF_NO_MODE].map(|mode| named(what, mode))
}

/// What one landing brings.
#[derive(Debug, Default)]
pub struct Brought {
    events: Marks,
    objects: Objects,
}

impl Brought {
    pub fn add(&mut self, table: &str, batch: &RecordBatch) -> Result<()> {
        if table.starts_with(OBJECTS) {
            self.objects.add(batch.schema_ref(), &of_objects(batch)?);
        } else if marking(table).is_some() {
            self.events.merge(&of_events(batch)?);
        }
        Ok(())
    }

    /// A sentence for what is later than its landing, and for what lies far behind the rest.
    pub fn notes(&self) -> Vec<String> {
        let objects = [Mode::Live, Mode::Test].iter().find_map(|mode| self.objects.ahead(*mode));
        let all = events_ahead(&self.events).into_iter().chain(objects);
        let ahead = all.map(|ahead| format!("{}; was a clock wrong?", ahead.at_landing()));
        ahead.chain(events_apart(&self.events).map(|apart| apart.sentence())).collect()
    }
}

impl Ahead {
    /// `1 event is later than now (2031-05-01T00:00:00Z): it moves nothing`, at the landing.
    fn at_landing(&self) -> String {
        self.sentence("now", "now")
    }

    /// The same of a relation that has landed, with the way to see the rows where it is one of
    /// product events.
    pub fn of(&self, relation: &str) -> String {
        let sentence = self.sentence("its landing", "their landing");
        match self.is_events {
            true => format!(
                "{relation}: {sentence} (select * from {relation} where greatest(occurred_at, \
                 ingested_at) > landed_at)"
            ),
            false => format!("{relation}: {sentence}"),
        }
    }

    fn sentence(&self, than_one: &str, than_several: &str) -> String {
        let (noun, one, several) = match self.is_events {
            true => ("event", "is", "are"),
            false => ("object", "was made", "were made"),
        };
        let what = counted(self.rows, noun);
        let moment = time::format_moment(self.latest);
        match self.rows {
            1 => format!("{what} {one} later than {than_one} ({moment}): it moves nothing"),
            _ => format!(
                "{what} {several} later than {than_several} (the latest {moment}): they move nothing"
            ),
        }
    }
}
