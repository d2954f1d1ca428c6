//! Turns records into rows of the log, and keeps account of what could not be read.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::mem::take;
use std::path::Path;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not};
use arrow::error::ArrowError;

use super::blocks::Block;
use super::events::{EventCounts, EventRows, FILES_EVENTS, POSTHOG_EVENTS};
use super::exported::{self, Places, Unlanded};
use super::mapping::{FileMapping, Sources};
use super::posthog_columns::{People, PlainRows, plain_rows};
use super::posthog_latest::{About, LatestRows};
use super::preset::Preset;
use super::scan::Item;
use super::time::Times;
use super::{columnar, generic, posthog, posthog_plain};
use crate::error::Result;
use crate::sync::json::{Json, mend_surrogates};
use crate::sync::report::{Diagnostic, Diagnostics, Fault, Guess, KEPT, Landed, Refusal, Rejected};
use crate::sync::stripe::{RESOURCES, StripeBatches};

/// Where kinds of Stripe objects without a table of their own are told.
const STRIPE_EVENTS: &str = "stripe_log/events";
/// A chunk is handed on before its text grows beyond this, however few rows it has.
const MAX_CHUNK_BYTES: usize = 16 << 20;

/// Takes chunks of rows, objects before the events that carried them.
pub type Sink<'a> = &'a mut dyn FnMut(Vec<Landed>) -> Result<()>;

/// What was found so far; that of the parts of a file adds up.
#[derive(Debug, Default)]
pub struct Tally {
    pub rows: u64,
    pub rejected: u64,
    pub problems: Vec<Rejected>,
    /// From some place on nothing could be read.
    pub is_cut: bool,
    pub saw_stripe: bool,
    pub posthog: EventCounts,
    pub events: EventCounts,
    /// Persons and groups of PostHog.
    pub latest: u64,
    pub guesses: Vec<Guess>,
    /// The tool whose export it is.
    pub preset: Option<Preset>,
    /// Records of exports that are no events, by what they are.
    pub left_out: BTreeMap<String, u64>,
    /// Stripe objects whose kind has no table, by kind.
    pub without_table: BTreeMap<String, u64>,
    pub stripe_diagnostics: Diagnostics,
    pub event_diagnostics: Diagnostics,
}

impl Tally {
    /// Adds that of a later part.
    pub fn append(&mut self, later: Self) {
        self.rows += later.rows;
        self.rejected += later.rejected;
        for problem in later.problems {
            self.keep(problem);
        }
        self.is_cut |= later.is_cut;
        self.saw_stripe |= later.saw_stripe;
        self.posthog.add(later.posthog);
        self.events.add(later.events);
        self.latest += later.latest;
        let known = |guess: &Guess| self.guesses.iter().any(|known| known.column == guess.column);
        let new: Vec<Guess> = later.guesses.into_iter().filter(|guess| !known(guess)).collect();
        self.guesses.extend(new);
        self.preset = self.preset.or(later.preset);
        for (what, count) in later.left_out {
            *self.left_out.entry(what).or_default() += count;
        }
        for (kind, count) in later.without_table {
            *self.without_table.entry(kind).or_default() += count;
        }
        self.stripe_diagnostics.append(later.stripe_diagnostics);
        self.event_diagnostics.append(later.event_diagnostics);
    }

    /// Keeps the first problems word for word; of those that one hint answers, only one.
    fn keep(&mut self, problem: Rejected) {
        let is_alike = |kept: &Rejected| problem.hint.is_some() && kept.is_alike(&problem);
        match self.problems.iter().position(is_alike) {
            Some(place) => self.problems[place].alike += 1 + problem.alike,
            None if self.problems.len() < KEPT => self.problems.push(problem),
            None => {}
        }
    }

    fn reject(&mut self, path: &Path, line: Option<u64>, refusal: Refusal) {
        self.rejected += 1;
        if self.problems.len() < KEPT || refusal.hint.is_some() {
            let Refusal { field, reason, hint } = refusal;
            let path = path.to_owned();
            self.keep(Rejected { path, line, field, reason, hint, alike: 0 });
        }
    }
}

/// Reads the records of one file, or of a part of it.
pub struct Reading<'a> {
    path: &'a Path,
    mapping: Option<&'a FileMapping>,
    /// What the mapping says and, for files of no known tool, what names suggest.
    given: Sources,
    pub guessed: Sources,
    /// Of the last export that was recognised, or of the mapping's.
    places: Option<Places>,
    stripe: StripeBatches,
    posthog: EventRows,
    events: EventRows,
    latest: [LatestRows; 2],
    people: People,
    /// The last record was an event of PostHog: the next one most likely is.
    is_among_posthog: bool,
    faults: Vec<Fault>,
    tally: Tally,
    landed_at: i64,
    chunk_rows: usize,
    /// Stops after the first chunk.
    pub is_beginning: bool,
}

impl<'a> Reading<'a> {
    pub fn new(
        path: &'a Path,
        mappings: &'a [FileMapping],
        landed_at: i64,
        chunk_rows: usize,
    ) -> Self {
        let mapping = FileMapping::find(mappings, path);
        Self::with(path, mapping, Sources::new(mapping), landed_at, chunk_rows)
    }

    fn with(
        path: &'a Path,
        mapping: Option<&'a FileMapping>,
        guessed: Sources,
        landed_at: i64,
        chunk_rows: usize,
    ) -> Self {
        Self {
            path,
            mapping,
            given: Sources::new(mapping),
            guessed,
            places: mapping.and_then(|mapping| mapping.preset).map(Places::new),
            stripe: StripeBatches::new(landed_at),
            posthog: EventRows::new(POSTHOG_EVENTS, landed_at),
            events: EventRows::new(FILES_EVENTS, landed_at),
            latest: [About::Person, About::Group].map(|about| LatestRows::new(about, landed_at)),
            people: People::default(),
            is_among_posthog: false,
            faults: Vec::new(),
            tally: Tally::default(),
            landed_at,
            chunk_rows,
            is_beginning: false,
        }
    }

    /// One for a later part of the file, which knows what was guessed so far.
    pub fn fork(&self) -> Self {
        let guessed = self.guessed.clone();
        Self::with(self.path, self.mapping, guessed, self.landed_at, self.chunk_rows)
    }

    /// What was found since the last time.
    pub fn take_tally(&mut self) -> Tally {
        Tally {
            posthog: take(&mut self.posthog.counts),
            events: take(&mut self.events.counts),
            guesses: self.guessed.guesses.clone(),
            without_table: take(&mut self.stripe.without_table),
            stripe_diagnostics: take(&mut self.stripe.diagnostics),
            ..take(&mut self.tally)
        }
    }

    /// Reads a block of JSON. `false` ends the reading.
    pub fn block(&mut self, block: &Block, sink: Sink<'_>) -> Result<bool> {
        for item in &block.items {
            match item {
                Item::Record { range, line } => {
                    if let Err(refusal) = self.text(&block.text[range.clone()], *line) {
                        self.reject(Some(*line), refusal);
                    }
                    if !self.hand_on(false, sink)? {
                        return Ok(false);
                    }
                }
                Item::Broken { line, reason } => {
                    self.reject(Some(*line), Refusal::new(reason));
                }
            }
        }
        Ok(true)
    }

    fn text(&mut self, bytes: &[u8], line: u64) -> Result<(), Refusal> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            Refusal::new(format!("not UTF-8: byte {} of the record", error.valid_up_to() + 1))
        })?;
        if self.is_among_posthog
            && self.mapping.is_none()
            && let Some(row) = posthog_plain::row(text)
        {
            self.posthog.push(&row);
            return Ok(());
        }
        match Json::parse(text) {
            Ok(json) => self.record(&json, line),
            Err(error) => match mend_surrogates(text) {
                Some(text) => {
                    let mended = Json::parse(&text).map_err(|e| Refusal::new(e.to_string()))?;
                    self.record(&mended, line)
                }
                None => Err(Refusal::new(error.to_string())),
            },
        }
    }

    /// Reads a batch of a Parquet file, whose first row is `line`. `false` ends the reading.
    pub fn batch(&mut self, batch: &RecordBatch, line: u64, sink: Sink<'_>) -> Result<bool> {
        let rest = match self.plain_rows(batch) {
            Ok(rest) => rest,
            Err(error) => return self.reject_rest(line, &error),
        };
        let rows = (0..batch.num_rows()).filter(|row| rest.as_ref().is_none_or(|r| r.value(*row)));
        let lines: Vec<u64> = rows.map(|row| line + row as u64).collect();
        let batch = match rest.map(|rest| filter_record_batch(batch, &rest)).transpose() {
            Ok(filtered) => filtered.unwrap_or_else(|| batch.clone()),
            Err(error) => return self.reject_rest(line, &error),
        };
        let records = match columnar::Records::new(&batch) {
            Ok(records) => records,
            Err(error) => return self.reject_rest(line, &error),
        };
        for ((record, line), row) in records.iter().zip(lines).zip(0..) {
            self.faults.extend_from_slice(records.faults(row));
            if let Err(refusal) = self.record(&record, line) {
                self.reject(Some(line), refusal.because(records.faults(row)));
            }
            if !self.hand_on(false, sink)? {
                return Ok(false);
            }
        }
        self.hand_on(false, sink)
    }

    /// A Parquet file cannot be read from that row on.
    pub fn reject_rest(&mut self, line: u64, error: &ArrowError) -> Result<bool> {
        self.reject(Some(line), Refusal::new(format!("cannot be read: {error}")));
        self.tally.is_cut = true;
        Ok(false)
    }

    /// Takes the rows that can be taken a column at a time; which rows are left, if not all.
    fn plain_rows(&mut self, batch: &RecordBatch) -> Result<Option<BooleanArray>, ArrowError> {
        if self.mapping.is_some() {
            return Ok(None);
        }
        let Some(plain) = plain_rows(batch, self.landed_at, &mut self.people)? else {
            return Ok(None);
        };
        let PlainRows { rows, is_plain, email_only_in_distinct_id } = plain;
        if rows.num_rows() > 0 {
            self.posthog.push_batch(rows, email_only_in_distinct_id);
        }
        not(&is_plain).map(Some)
    }

    /// Lands one record where it belongs.
    pub fn record(&mut self, record: &Json<'_>, line: u64) -> Result<(), Refusal> {
        if !record.is_object() {
            return Err(Refusal::new(format!("is {}, not a JSON object", record.kind())));
        }
        self.is_among_posthog = false;
        if self.is_stripe(record) {
            self.tally.saw_stripe = true;
            let pushed = self.stripe.push(record, Some(line));
            if self.faults.is_empty() {
                return pushed;
            }
            let text = |name| record.get_str(name).unwrap_or_default();
            let kept = RESOURCES.iter().find(|known| known.objects.contains(&text("object")));
            let table = kept.map_or(STRIPE_EVENTS, |known| known.table);
            return self.settle_faults(table, pushed.map(|()| text("id").into()), line);
        }
        if let Some(preset) = self.preset_of(record) {
            return self.exported(preset, record, line);
        }
        let is_overruled = self.mapping.is_some_and(posthog::is_overruled);
        if let Some(about) = About::of(record).filter(|_| !is_overruled) {
            return self.latest(about, record, line);
        }
        let is_posthog = posthog::is_event(record) && !is_overruled;
        let times = self.times();
        self.is_among_posthog = is_posthog;
        let (row, rows) = if is_posthog {
            (posthog::row(record, &self.given, &times, &mut self.faults), &mut self.posthog)
        } else {
            self.guessed.settle(record);
            let faults = &mut self.faults;
            let row = generic::row(record, self.mapping, &self.guessed, &times, faults);
            (row, &mut self.events)
        };
        let pushed = row.map(|row| {
            rows.push(&row);
            row.uuid.unwrap_or(row.event)
        });
        let table = rows.table();
        self.settle_faults(table, pushed, line)
    }

    fn times(&self) -> Times<'a> {
        Times::of(self.mapping, self.landed_at)
    }

    /// The tool whose record it is: as the mapping says, else as the record shows.
    pub fn preset_of(&self, record: &Json<'_>) -> Option<Preset> {
        match self.mapping {
            Some(FileMapping { preset: Some(preset), .. }) => Some(*preset),
            Some(mapping) if exported::is_overruled(mapping) => None,
            _ if posthog::is_event(record) => None,
            _ => Preset::of(record),
        }
    }

    /// Lands a record of another tool's export, if it is an event.
    fn exported(&mut self, preset: Preset, record: &Json<'_>, line: u64) -> Result<(), Refusal> {
        self.tally.preset = Some(preset);
        let times = self.times();
        let places = self.places.take().filter(|places| places.preset() == preset);
        let places = self.places.insert(places.unwrap_or_else(|| Places::new(preset)));
        let row = places.row(record, self.mapping, &self.given, &times, &mut self.faults);
        let pushed = match row {
            Ok(row) => {
                self.events.push(&row);
                Ok(row.uuid.unwrap_or(row.event))
            }
            Err(Unlanded::Refused(refusal)) => Err(refusal),
            Err(Unlanded::LeftOut(what)) => {
                self.faults.clear();
                *self.tally.left_out.entry(what).or_default() += 1;
                return Ok(());
            }
        };
        self.settle_faults(FILES_EVENTS, pushed, line)
    }

    /// Lands what a person or a group of PostHog is now.
    fn latest(&mut self, about: About, record: &Json<'_>, line: u64) -> Result<(), Refusal> {
        let times = self.times();
        let rows = &mut self.latest[about as usize];
        let pushed = rows.push(record, &times, &mut self.faults).map(Cow::Owned);
        self.tally.latest += u64::from(pushed.is_ok());
        let table = rows.table();
        self.settle_faults(table, pushed, line)
    }

    /// What could not be read of a row that landed is told; of one that did not, why it did not.
    fn settle_faults(
        &mut self,
        table: &'static str,
        pushed: Result<Cow<'_, str>, Refusal>,
        line: u64,
    ) -> Result<(), Refusal> {
        let id = pushed.inspect_err(|_| self.faults.clear())?;
        for (field, reason) in self.faults.drain(..) {
            let (id, line) = (id.clone().into_owned(), Some(line));
            let diagnostic = Diagnostic { table, id, field, reason, line };
            self.tally.event_diagnostics.push(diagnostic);
        }
        Ok(())
    }

    /// Stripe's objects say what they are; an event with a field called `object` does not count.
    fn is_stripe(&self, record: &Json<'_>) -> bool {
        let Some(kind) = record.get_str("object") else { return false };
        let is_kept = || RESOURCES.iter().any(|resource| resource.objects.contains(&kind));
        let is_alike = || {
            record.get_str("id").is_some()
                && (record.get("livemode").is_some()
                    || matches!(record.get("created"), Some(Json::Number(_))))
        };
        record.get("event").is_none()
            && self.given.is_silent_about(record)
            && (is_kept() || is_alike())
    }

    /// Hands a full chunk (or any rest) to the sink. `false` ends the reading.
    pub fn hand_on(&mut self, is_last: bool, sink: Sink<'_>) -> Result<bool> {
        let latest = |count: fn(&LatestRows) -> usize| self.latest.iter().map(count).sum::<usize>();
        let rows = self.stripe.rows() + self.posthog.len() + self.events.len();
        let rows = rows + latest(LatestRows::len);
        let bytes = self.stripe.bytes() + self.posthog.bytes() + self.events.bytes();
        let bytes = bytes + latest(|rows| rows.bytes);
        if rows == 0 || !(is_last || rows >= self.chunk_rows || bytes >= MAX_CHUNK_BYTES) {
            return Ok(true);
        }
        let mut chunk = self.stripe.finish()?;
        chunk.extend(self.posthog.finish()?);
        chunk.extend(self.events.finish()?);
        for rows in &mut self.latest {
            chunk.extend(rows.finish()?);
        }
        self.tally.rows += rows as u64;
        sink(chunk)?;
        Ok(!self.is_beginning)
    }

    pub fn reject(&mut self, line: Option<u64>, refusal: Refusal) {
        self.tally.reject(self.path, line, refusal);
    }
}
