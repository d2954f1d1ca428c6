//! Lands one file: records in, chunks of batches and a report out.

use std::io::{self, BufRead};
use std::path::Path;

use arrow::array::RecordBatch;

use super::delimited::Table;
use super::events::{EventRows, FILES_EVENTS, POSTHOG_EVENTS};
use super::expand::{hash_file, problem};
use super::mapping::{FileMapping, Sources};
use super::open::{self, Input, open};
use super::scan::{Item, Records};
use super::{columnar, generic, posthog};
use crate::error::Result;
use crate::sync::json::{Json, mend_surrogates};
use crate::sync::report::{
    Diagnostic, Diagnostics, Fault, FileReport, Guess, KEPT, Landed, Refusal, Rejected,
};
use crate::sync::stripe::{RESOURCES, StripeBatches};

/// A chunk is handed on before its text grows beyond this, however few rows it has.
const MAX_CHUNK_BYTES: usize = 64 << 20;

/// Takes chunks of rows, objects before the events that carried them.
pub type Sink<'a> = &'a mut dyn FnMut(Vec<Landed>) -> Result<()>;

/// Lands the file in chunks of about `chunk_rows` rows. Blocking.
///
/// `landed_at` is µs. What is wrong with the file is in the report; an error is the sink's.
pub fn land_file(
    path: &Path,
    mappings: &[FileMapping],
    landed_at: i64,
    chunk_rows: usize,
    sink: Sink<'_>,
) -> Result<FileReport> {
    let mut landing = Landing::new(path, mappings, landed_at, chunk_rows, sink);
    landing.report.bytes = std::fs::metadata(path).map(|metadata| metadata.len()).unwrap_or(0);
    landing.report.content_hash = hash_file(path).unwrap_or_default();
    landing.read()?;
    landing.finish()
}

/// The same, but stops after the first chunk.
pub fn read_beginning(
    path: &Path,
    mappings: &[FileMapping],
    landed_at: i64,
    rows: usize,
    sink: Sink<'_>,
) -> Result<FileReport> {
    let mut landing = Landing::new(path, mappings, landed_at, rows, sink);
    landing.is_beginning = true;
    landing.read()?;
    landing.finish()
}

struct Landing<'a> {
    report: FileReport,
    mapping: Option<&'a FileMapping>,
    /// What the mapping says and, for files of no known tool, what names suggest.
    given: Sources,
    guessed: Sources,
    container: &'static str,
    stripe: StripeBatches,
    saw_stripe: bool,
    posthog: EventRows,
    events: EventRows,
    diagnostics: Diagnostics,
    faults: Vec<Fault>,
    chunk_rows: usize,
    is_beginning: bool,
    sink: Sink<'a>,
}

impl<'a> Landing<'a> {
    fn new(
        path: &Path,
        mappings: &'a [FileMapping],
        landed_at: i64,
        chunk_rows: usize,
        sink: Sink<'a>,
    ) -> Self {
        let mapping = FileMapping::find(mappings, path);
        Self {
            report: FileReport { path: path.to_owned(), ..FileReport::default() },
            mapping,
            given: Sources::new(mapping),
            guessed: Sources::new(mapping),
            container: "unknown",
            stripe: StripeBatches::new(landed_at),
            saw_stripe: false,
            posthog: EventRows::new(POSTHOG_EVENTS, landed_at),
            events: EventRows::new(FILES_EVENTS, landed_at),
            diagnostics: Diagnostics::default(),
            faults: Vec::new(),
            chunk_rows,
            is_beginning: false,
            sink,
        }
    }

    fn read(&mut self) -> Result<()> {
        match open(&self.report.path) {
            Ok(Input::Text(text)) => self.text(text),
            Ok(Input::Parquet(file)) => self.parquet(columnar::reader(file)),
            Ok(Input::ParquetInMemory(bytes)) => self.parquet(columnar::reader(bytes)),
            Err(reason) => {
                self.reject_file(reason);
                Ok(())
            }
        }
    }

    fn text(&mut self, mut text: Box<dyn BufRead>) -> Result<()> {
        match text.fill_buf() {
            Ok(head) if head.trim_ascii().is_empty() && head.len() < 1024 => {
                self.reject_file("is empty".to_owned());
                Ok(())
            }
            Ok(head) if is_json(head) => self.json(text),
            Ok(_) => self.csv(text),
            Err(error) => {
                self.reject_file(open::reason(&error));
                Ok(())
            }
        }
    }

    fn json(&mut self, text: impl io::Read) -> Result<()> {
        self.container = "json";
        let mut records = Records::new(text);
        loop {
            match records.next() {
                Ok(None) => return Ok(()),
                Ok(Some(Item::Record { bytes, line })) => {
                    if let Err(refusal) = self.record_text(bytes, line) {
                        self.reject(Some(line), refusal);
                    }
                    if !self.hand_on(false)? {
                        return Ok(());
                    }
                }
                Ok(Some(Item::Broken { line, reason })) => {
                    self.reject(Some(line), Refusal::new(reason));
                }
                Err(error) => {
                    let reason = open::reason(&error);
                    self.reject(Some(records.line()), Refusal::new(reason));
                    return Ok(());
                }
            }
        }
    }

    fn record_text(&mut self, bytes: &[u8], line: u64) -> Result<(), Refusal> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            Refusal::new(format!("not UTF-8: byte {} of the record", error.valid_up_to() + 1))
        })?;
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

    fn csv(&mut self, text: Box<dyn BufRead>) -> Result<()> {
        let mut table = match Table::new(text) {
            Ok(table) => table,
            Err(reason) => {
                self.reject_file(reason);
                return Ok(());
            }
        };
        self.guessed.settle(&table.columns());
        if !self.guessed.are_enough() {
            self.guessed.guesses.clear();
            self.reject_file(
                "is not recognised: neither JSON nor Parquet, and its first line is no CSV header \
                 with a column for event and time"
                    .to_owned(),
            );
            return Ok(());
        }
        self.container = "csv";
        table.read(|row, line| {
            if let Err(refusal) = row.and_then(|row| self.record(&row, line)) {
                self.reject(Some(line), refusal);
            }
            self.hand_on(false)
        })
    }

    fn parquet(
        &mut self,
        reader: Result<impl Iterator<Item = Result<RecordBatch, arrow::error::ArrowError>>, String>,
    ) -> Result<()> {
        let reader = match reader {
            Ok(reader) => reader,
            Err(reason) => {
                self.reject_file(reason);
                return Ok(());
            }
        };
        self.container = "parquet";
        let mut line = 0;
        for batch in reader {
            let records = match batch.and_then(|batch| columnar::Records::new(&batch)) {
                Ok(records) => records,
                Err(error) => {
                    self.reject(Some(line + 1), Refusal::new(format!("cannot be read: {error}")));
                    return Ok(());
                }
            };
            for record in records.iter() {
                line += 1;
                if let Err(refusal) = self.record(&record, line) {
                    self.reject(Some(line), refusal);
                }
                if !self.hand_on(false)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Lands one record where it belongs.
    fn record(&mut self, record: &Json<'_>, line: u64) -> Result<(), Refusal> {
        if !record.is_object() {
            return Err(Refusal::new(format!("is {}, not a JSON object", record.kind())));
        }
        if self.is_stripe(record) {
            self.saw_stripe = true;
            return self.stripe.push(record, Some(line));
        }
        let is_posthog =
            posthog::is_event(record) && !self.mapping.is_some_and(posthog::is_overruled);
        let (row, rows) = if is_posthog {
            (posthog::row(record, &self.given, &mut self.faults), &mut self.posthog)
        } else {
            self.guessed.settle(record);
            let row = generic::row(record, self.mapping, &self.guessed, &mut self.faults);
            (row, &mut self.events)
        };
        let pushed = row.map(|row| {
            rows.push(&row);
            row.uuid.unwrap_or(row.event).into_owned()
        });
        match pushed {
            Ok(id) => {
                for (field, reason) in self.faults.drain(..) {
                    let (table, id, line) = (rows.table(), id.clone(), Some(line));
                    self.diagnostics.push(Diagnostic { table, id, field, reason, line });
                }
                Ok(())
            }
            Err(refusal) => {
                self.faults.clear();
                Err(refusal)
            }
        }
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
    fn hand_on(&mut self, is_last: bool) -> Result<bool> {
        let rows = self.stripe.rows() + self.posthog.len() + self.events.len();
        let bytes = self.stripe.bytes() + self.posthog.bytes() + self.events.bytes();
        if rows == 0 || !(is_last || rows >= self.chunk_rows || bytes >= MAX_CHUNK_BYTES) {
            return Ok(true);
        }
        let mut chunk = self.stripe.finish()?;
        chunk.extend(self.posthog.finish()?);
        chunk.extend(self.events.finish()?);
        self.report.rows += chunk.iter().map(|landed| landed.batch.num_rows() as u64).sum::<u64>();
        (self.sink)(chunk)?;
        Ok(!self.is_beginning)
    }

    fn finish(mut self) -> Result<FileReport> {
        self.hand_on(true)?;
        let mut report = self.report;
        let (posthog, events) = (self.posthog.seen, self.events.seen);
        report.format = format(self.container, self.saw_stripe, posthog > 0, events > 0);
        for (kind, count) in &self.stripe.without_table {
            report.notes.push(format!("{count} objects of kind {kind} are not kept: no table"));
        }
        for rows in [&self.posthog, &self.events] {
            if rows.repeated > 0 {
                let count = rows.repeated;
                report.notes.push(format!("{count} events repeat another one and landed once"));
            }
            if rows.email_only_in_distinct_id * 2 > rows.seen {
                report.notes.push(
                    "most events name their user by e-mail address in distinct_id only: \
                     set email = \"distinct_id\""
                        .to_owned(),
                );
            }
        }
        for diagnostics in [self.stripe.diagnostics, self.diagnostics] {
            let (kept, notes) = diagnostics.finish();
            report.diagnostics.extend(kept);
            report.notes.extend(notes);
        }
        report.guesses = if events > 0 { self.guessed.guesses } else { Vec::<Guess>::new() };
        Ok(report)
    }

    fn reject_file(&mut self, reason: String) {
        self.report.rejected += 1;
        self.report.problems.push(problem(&self.report.path, reason));
    }

    fn reject(&mut self, line: Option<u64>, refusal: Refusal) {
        self.report.rejected += 1;
        if self.report.problems.len() < KEPT {
            let Refusal { field, reason } = refusal;
            let path = self.report.path.clone();
            self.report.problems.push(Rejected { path, line, field, reason });
        }
    }
}

/// JSON starts with a bracket; if its first line is broken, most others do.
fn is_json(head: &[u8]) -> bool {
    let opens = |line: &[u8]| matches!(line.first(), Some(b'{' | b'['));
    if opens(head.trim_ascii_start()) {
        return true;
    }
    let lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let (open, other): (Vec<_>, Vec<_>) =
        lines.skip(1).filter(|line| !line.is_empty()).partition(|line| opens(line));
    open.len() > other.len()
}

fn format(container: &str, stripe: bool, posthog: bool, events: bool) -> &'static str {
    match (container, stripe, posthog, events) {
        ("json", true, false, false) => "stripe json",
        ("json", false, true, false) => "posthog json",
        ("json", false, false, true) => "events json",
        ("json", false, false, false) => "json",
        ("csv", false, true, false) => "posthog csv",
        ("csv", ..) => "events csv",
        ("parquet", false, true, false) => "posthog parquet",
        ("parquet", ..) => "events parquet",
        ("unknown", ..) => "unknown",
        _ => "mixed",
    }
}
