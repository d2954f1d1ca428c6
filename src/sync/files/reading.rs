//! Turns records into rows of the log, and keeps account of what could not be read.

use std::borrow::Cow;
use std::mem::take;
use std::path::Path;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not};
use arrow::error::ArrowError;

use super::blocks::Block;
use super::events::{EventRow, EventRows, FILES_EVENTS, POSTHOG_EVENTS};
use super::exported::{self, Places, Unlanded};
use super::mapping::{FileMapping, Sources};
use super::posthog_columns::{People, PlainRows, plain_rows};
use super::posthog_latest::{About, LatestRows};
use super::preset::Preset;
use super::scan::Item;
use super::tally::Tally;
use super::time::Times;
use super::unwrap::{Wrapped, is_marked_deleted, may_be_wrapped, wrapped};
use super::{columnar, generic, posthog, posthog_plain};
use crate::error::Result;
use crate::sync::json::{Json, mend_surrogates};
use crate::sync::report::{Diagnostic, Fault, Landed, Refusal};
use crate::sync::stripe::{RESOURCES, StripeBatches};

/// Where kinds of Stripe objects without a table of their own are told.
const STRIPE_EVENTS: &str = "stripe_log/events";
/// A chunk is handed on before its text grows beyond this, however few rows it has.
const MAX_CHUNK_BYTES: usize = 16 << 20;

const NON_FINITE: &str = "values NaN or Infinity are taken as NULL";
const DELETED: &str = "rows are marked as deleted by their connector: they land as they last were";
const BATCH: &str = "is a BATCH message: its rows are in the files that it names; land those";
const MARKS: &str = "byte order marks between records are skipped: one file was put behind another";

/// Takes chunks of rows, objects before the events that carried them.
pub type Sink<'a> = &'a mut dyn FnMut(Vec<Landed>) -> Result<()>;

/// Reads the records of one file, or of a part of it.
pub struct Reading<'a> {
    path: &'a Path,
    mapping: Option<&'a FileMapping>,
    /// What the mapping says.
    pub given: Sources,
    /// The same and, for files of no known tool, what names suggest.
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
    /// The record comes from inside another.
    is_unwrapped: bool,
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
            is_unwrapped: false,
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
                Item::Mark => self.tally.note(1, MARKS),
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
            Err(_) => self.mended(text, line),
        }
    }

    /// Lands a record that is not quite JSON, if it is what programs often write.
    fn mended(&mut self, text: &str, line: u64) -> Result<(), Refusal> {
        let whole = mend_surrogates(text);
        let mended = Json::parse_lenient(whole.as_deref().unwrap_or(text));
        let (record, non_finite) = mended.map_err(|error| Refusal::new(error.to_string()))?;
        self.record(&record, line)?;
        self.tally.note(non_finite, NON_FINITE);
        Ok(())
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
        if self.is_unwrapped && is_marked_deleted(record) {
            self.tally.note(1, DELETED);
        }
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
        let preset = self.preset_of(record);
        let is_overruled = self.mapping.is_some_and(posthog::is_overruled);
        if preset.is_none() && !is_overruled {
            if let Some(about) = About::of(record) {
                return self.latest(about, record, line);
            }
            if posthog::is_event(record) {
                self.is_among_posthog = true;
                let row = posthog::row(record, &self.given, &self.times(), &mut self.faults);
                return self.event(POSTHOG_EVENTS, row, line);
            }
        }
        if let Some(wrapped) = wrapped(record).filter(|_| self.may_be_wrapped(record)) {
            return self.unwrapped(&wrapped, is_marked_deleted(record), line);
        }
        let mut once = None;
        if let Some(name) = record.name_given_twice() {
            let (count, first) = &mut self.tally.given_twice;
            *count += 1;
            first.get_or_insert_with(|| (name.to_owned(), line));
            once.insert(record.clone()).keep_last();
        }
        let record = once.as_ref().unwrap_or(record);
        if let Some(preset) = preset {
            return self.exported(preset, record, line);
        }
        let times = self.times();
        self.guessed.settle(record);
        let row = generic::row(record, self.mapping, &self.guessed, &times, &mut self.faults);
        self.event(FILES_EVENTS, row, line)
    }

    fn event(
        &mut self,
        table: &'static str,
        row: Result<EventRow<'_>, Refusal>,
        line: u64,
    ) -> Result<(), Refusal> {
        let rows = if table == POSTHOG_EVENTS { &mut self.posthog } else { &mut self.events };
        let pushed = row.map(|row| {
            rows.push(&row);
            row.uuid.unwrap_or(row.event)
        });
        self.settle_faults(table, pushed, line)
    }

    /// False if the mapping speaks of the record itself, and not of one inside it.
    fn may_be_wrapped(&self, record: &Json<'_>) -> bool {
        self.mapping.is_none_or(|mapping| mapping.event_name.is_none())
            && self.given.is_silent_about(record)
    }

    /// True if a table with these columns, here without values, holds something for the log.
    pub fn knows(&self, columns: &Json<'_>) -> bool {
        self.preset_of(columns).is_some() || self.are_enough(columns) || self.may_wrap(columns)
    }

    /// True if rows with these columns can be those of a connector, and nothing else.
    pub fn may_wrap(&self, columns: &Json<'_>) -> bool {
        may_be_wrapped(columns) && self.may_be_wrapped(columns) && !self.are_enough(columns)
    }

    fn are_enough(&self, columns: &Json<'_>) -> bool {
        let mut guessed = self.guessed.clone();
        guessed.settle(columns);
        guessed.are_enough()
    }

    /// Lands what a connector's row carries as if it stood there itself.
    fn unwrapped(
        &mut self,
        wrapped: &Wrapped<'_, '_>,
        is_deleted: bool,
        line: u64,
    ) -> Result<(), Refusal> {
        let (column, object) = match wrapped {
            Wrapped::Row { column, object } => (column, object),
            Wrapped::Message("BATCH") => return Err(Refusal::new(BATCH)),
            Wrapped::Message(kind) => {
                let what =
                    format!("{kind} messages of a connector are left out: they hold no rows");
                self.tally.note(1, what);
                return Ok(());
            }
        };
        self.is_unwrapped = true;
        let landed = match object {
            Json::String(text) => self.text(text.as_bytes(), line),
            object => self.record(object, line),
        };
        self.is_unwrapped = false;
        landed?;
        self.tally.note(1, format!("rows are read as the object in their column `{column}`"));
        self.tally.note(u64::from(is_deleted), DELETED);
        Ok(())
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
                let what = format!("{what} are left out: they are no product events");
                self.tally.note(1, what);
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
