//! Lands one file: records in, chunks of batches and a report out.

use std::io::{self, BufRead};
use std::mem::replace;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use arrow::array::{RecordBatch, RecordBatchReader};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;

use super::blocks::{Block, Blocks};
use super::delimited::Table;
use super::expand::problem;
use super::mapping::FileMapping;
use super::open::{self, Input, open};
use super::preset::Preset;
use super::reading::{Reading, Sink};
use super::same_name::{SameName, Whose, tell_apart, without_values};
use super::tally::Tally;
use super::target::Target;
use super::unwrap::wrapped;
use super::{columnar, parallel};
use crate::error::Result;
use crate::sync::json::Json;
use crate::sync::report::{FileReport, Refusal, Rejected};

/// Batches that are decoded while others are looked at.
const BATCHES_AHEAD: usize = 2;

/// Said where nobody has said it.
const MIXPANEL_ZONE: &str = "Mixpanel's times are taken as UTC; it exports them in the project's time \
                             zone if the project is from before 2023: then say which with time_zone \
                             in [[source.files]], before they land";

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
    land_named(path, path, mappings, landed_at, chunk_rows, sink)
}

/// The same for a file that is called `name` in all that is told of it, and for its mapping.
pub fn land_named(
    path: &Path,
    name: &Path,
    mappings: &[FileMapping],
    landed_at: i64,
    chunk_rows: usize,
    sink: Sink<'_>,
) -> Result<FileReport> {
    let mut landing = Landing::new(name, mappings, landed_at, chunk_rows, sink);
    landing.report.bytes = std::fs::metadata(path).map(|metadata| metadata.len()).unwrap_or(0);
    landing.read(path)?;
    landing.finish()
}

/// The same, but stops after the first chunk.
pub fn read_beginning(
    path: &Path,
    name: &Path,
    mappings: &[FileMapping],
    landed_at: i64,
    rows: usize,
    sink: Sink<'_>,
) -> Result<FileReport> {
    let mut landing = Landing::new(name, mappings, landed_at, rows, sink);
    landing.reading.is_beginning = true;
    landing.read(path)?;
    landing.finish()
}

struct Landing<'a> {
    report: FileReport,
    container: &'static str,
    /// The file's mapping says the zone of its times.
    has_zone: bool,
    reading: Reading<'a>,
    tally: Tally,
    /// Bytes behind the end of compressed data.
    left_out: Arc<AtomicU64>,
    sink: Sink<'a>,
}

impl<'a> Landing<'a> {
    fn new(
        name: &'a Path,
        mappings: &'a [FileMapping],
        landed_at: i64,
        chunk_rows: usize,
        sink: Sink<'a>,
    ) -> Self {
        Self {
            report: FileReport { path: name.to_owned(), ..FileReport::default() },
            container: "unknown",
            has_zone: FileMapping::find(mappings, name)
                .is_some_and(|mapping| mapping.time_zone.is_some()),
            reading: Reading::new(name, mappings, landed_at, chunk_rows),
            tally: Tally::default(),
            left_out: Arc::default(),
            sink,
        }
    }

    fn read(&mut self, path: &Path) -> Result<()> {
        match open(path, &self.left_out) {
            Ok(Input::Text(text)) => self.text(text),
            Ok(Input::Parquet(file)) => self.parquet(columnar::reader(file)),
            Ok(Input::ParquetInMemory(bytes)) => self.parquet(columnar::reader(bytes)),
            Err(reason) => {
                self.reject_file(reason);
                Ok(())
            }
        }
    }

    fn text(&mut self, mut text: Box<dyn BufRead + Send>) -> Result<()> {
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

    /// The first block tells what columns are called; the others are read side by side.
    fn json(&mut self, text: impl io::Read + Send) -> Result<()> {
        self.container = "json";
        let mut blocks = Blocks::new(text);
        let Some(first) = blocks.next(Block::default()) else { return Ok(()) };
        if !self.reading.block(&first, self.sink)? || blocks.is_at_end {
            return Ok(());
        }
        self.reading.hand_on(true, self.sink)?;
        self.tally = self.reading.take_tally();
        parallel::read(blocks, &self.reading, &mut self.tally, self.sink)
    }

    fn csv(&mut self, text: Box<dyn BufRead + Send>) -> Result<()> {
        let mut table = match Table::new(text, |columns| self.reading.knows(columns)) {
            Ok(table) => table,
            Err(reason) => {
                self.reject_file(reason);
                return Ok(());
            }
        };
        let columns = table.columns();
        if !self.reading.knows(&columns) {
            self.reject_table();
            return Ok(());
        }
        let is_wrapped = self.reading.may_wrap(&columns);
        if !is_wrapped && self.reading.preset_of(&columns).is_none() {
            self.reading.guessed.settle(&columns);
        }
        self.container = "csv";
        if !self.tell_apart(&columns, &table.same_names) {
            return Ok(());
        }
        let (reading, sink) = (&mut self.reading, &mut *self.sink);
        let (mut is_first, mut is_table) = (true, true);
        table.read(|row, line| {
            // Columns of such names may also hold anything else.
            if replace(&mut is_first, false) && is_wrapped {
                is_table = row.as_ref().is_ok_and(|row| wrapped(row).is_some());
                if !is_table {
                    return Ok(false);
                }
            }
            if let Err(refusal) = row.and_then(|row| reading.record(&row, line)) {
                reading.reject(Some(line), refusal);
            }
            reading.hand_on(false, sink)
        })?;
        if !is_table {
            self.reject_table();
        }
        Ok(())
    }

    fn reject_table(&mut self) {
        self.reject_file(
            "is not recognised: neither JSON nor Parquet, and its first line is no CSV header \
             with a column for event and time"
                .to_owned(),
        );
    }

    /// False, and the file is refused, if columns of one name are more than properties.
    fn tell_apart(&mut self, columns: &Json<'_>, same_names: &[SameName]) -> bool {
        let Reading { given, guessed, .. } = &self.reading;
        let whose = Whose { columns, preset: self.reading.preset_of(columns), given, guessed };
        for same in same_names {
            if let Some(refusal) = same.refusal(&whose) {
                self.reject(refusal);
                return false;
            }
        }
        self.report.notes.extend(same_names.iter().map(SameName::note));
        true
    }

    /// Batches are decoded on one thread while their rows are looked at on another.
    fn parquet(&mut self, reader: Result<impl RecordBatchReader + Send, String>) -> Result<()> {
        let reader = match reader {
            Ok(reader) => reader,
            Err(reason) => {
                self.reject_file(reason);
                return Ok(());
            }
        };
        self.container = "parquet";
        let schema = reader.schema();
        let mut names: Vec<String> =
            schema.fields().iter().map(|field| field.name().clone()).collect();
        let same_names = tell_apart(&mut names);
        if !same_names.is_empty() {
            let columns = without_values(&names);
            self.reading.guessed.settle(&columns);
            if !self.tell_apart(&columns, &same_names) {
                return Ok(());
            }
        }
        thread::scope(|scope| {
            let (decoded, batches) = sync_channel(BATCHES_AHEAD);
            scope.spawn(move || {
                for batch in reader {
                    let batch = batch.and_then(|batch| match same_names.is_empty() {
                        true => Ok(batch),
                        false => renamed(&batch, &names),
                    });
                    if decoded.send(batch).is_err() {
                        break;
                    }
                }
            });
            self.batches(batches)
        })
    }

    /// Whoever decodes stops with this one.
    fn batches(&mut self, batches: Receiver<Result<RecordBatch, ArrowError>>) -> Result<()> {
        let mut line = 1;
        for batch in batches {
            let goes_on = match &batch {
                Ok(batch) => self.reading.batch(batch, line, self.sink)?,
                Err(error) => self.reading.reject_rest(line, error)?,
            };
            if !goes_on {
                break;
            }
            line += batch.map_or(0, |batch| batch.num_rows() as u64);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<FileReport> {
        self.reading.hand_on(true, self.sink)?;
        self.tally.append(self.reading.take_tally());
        let (mut report, tally) = (self.report, self.tally);
        report.rows = tally.rows;
        report.rejected += tally.rejected;
        report.is_cut |= tally.is_cut;
        report.problems.extend(tally.problems);
        let (posthog, events) = (tally.posthog, tally.events);
        let is_posthog = posthog.seen > 0 || tally.latest > 0;
        let is_mixed = tally.saw_stripe || is_posthog;
        report.format = match tally.preset.map(Preset::shape) {
            Some(shape) if !is_mixed => shape.format(self.container),
            _ => format(self.container, tally.saw_stripe, is_posthog, events.seen > 0),
        };
        let notes = tally.notes.iter().map(|(what, count)| format!("{count} {what}"));
        report.notes.extend(notes);
        if let (count, Some((name, line))) = &tally.given_twice {
            report.notes.push(format!(
                "{count} records give a name twice in one object (the first: `{name}`, line {line}): \
                 the last value counts"
            ));
        }
        let left_out = self.left_out.load(Ordering::Relaxed);
        if left_out > 0 {
            report.notes.push(format!(
                "{left_out} bytes behind the end of the gzip data are no gzip and were ignored"
            ));
        }
        if tally.preset == Some(Preset::Mixpanel) && events.seen > 0 && !self.has_zone {
            report.notes.push(MIXPANEL_ZONE.to_owned());
        }
        for (kind, count) in &tally.without_table {
            report.notes.push(format!("{count} objects of kind {kind} are not kept: no table"));
        }
        let user = match tally.preset {
            Some(preset) => preset.shape().places[Target::User as usize].first().copied(),
            None => self.reading.guessed.get(Target::User).map(|source| source.name.as_str()),
        };
        for (counts, user) in [(posthog, Some("distinct_id")), (events, user)] {
            let Some(user) = user else { continue };
            if counts.email_only_in_distinct_id * 2 > counts.seen {
                report.notes.push(format!(
                    "most events name their user by e-mail address in {user} only: \
                     set email = \"{user}\""
                ));
            }
        }
        for diagnostics in [tally.stripe_diagnostics, tally.event_diagnostics] {
            let (kept, notes) = diagnostics.finish();
            report.diagnostics.extend(kept);
            report.notes.extend(notes);
        }
        report.guesses = if events.seen > 0 { tally.guesses } else { Vec::new() };
        Ok(report)
    }

    fn reject_file(&mut self, reason: String) {
        self.reject(Refusal::new(reason));
    }

    /// Refuses the whole file.
    fn reject(&mut self, Refusal { field, reason, hint }: Refusal) {
        self.report.is_cut = true;
        self.report.rejected += 1;
        let problem = Rejected { field, hint, ..problem(&self.report.path, reason) };
        self.report.problems.push(problem);
    }
}

fn renamed(batch: &RecordBatch, names: &[String]) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let fields = schema.fields().iter().zip(names);
    let fields: Vec<Field> =
        fields.map(|(field, name)| field.as_ref().clone().with_name(name)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), batch.columns().to_vec())
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
        ("csv", true, false, false) => "stripe csv",
        ("csv", ..) => "events csv",
        ("parquet", false, true, false) => "posthog parquet",
        ("parquet", true, false, false) => "stripe parquet",
        ("parquet", ..) => "events parquet",
        ("unknown", ..) => "unknown",
        _ => "mixed",
    }
}
