//! The product event log: its schema, and rows on their way into it.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, RecordBatch, StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::number;
use crate::error::Result;
use crate::sync::json::Json;
use crate::sync::report::{Fault, Landed};
use crate::sync::stripe::{first_128, time_type};

pub const POSTHOG_EVENTS: &str = "posthog_log/events";
pub const FILES_EVENTS: &str = "files_log/events";
pub const POSTGRES_EVENTS: &str = "postgres_log/events";

/// The schema of all tables of product events.
pub static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let time = |name| Field::new(name, time_type(), true);
    Arc::new(Schema::new(vec![
        Field::new("key", DataType::Binary, false),
        text("uuid"),
        text("event"),
        time("occurred_at"),
        time("ingested_at"),
        time("landed_at"),
        text("distinct_id"),
        text("person_id"),
        text("email"),
        text("account_id"),
        text("stripe_customer_id"),
        text("groups"),
        text("properties"),
        text("person_properties"),
        text("source"),
    ]))
});

/// One product event. JSON columns are compact text; an empty object is `None`.
#[derive(Debug, Default)]
pub struct EventRow<'a> {
    /// What tells the event from others, where its source knows better than the row.
    pub key: Option<[u8; 16]>,
    pub uuid: Option<Cow<'a, str>>,
    pub event: Cow<'a, str>,
    pub occurred_at: i64,
    pub ingested_at: Option<i64>,
    pub distinct_id: Option<Cow<'a, str>>,
    pub person_id: Option<Cow<'a, str>>,
    pub email: Option<Cow<'a, str>>,
    pub account_id: Option<Cow<'a, str>>,
    pub stripe_customer_id: Option<Cow<'a, str>>,
    pub groups: Option<Cow<'a, str>>,
    pub properties: Option<Cow<'a, str>>,
    /// The properties with sorted keys, where they are what tells the event from others.
    pub canonical_properties: Option<String>,
    pub person_properties: Option<Cow<'a, str>>,
    pub source: Cow<'a, str>,
}

impl EventRow<'_> {
    /// The event's own id, else everything that it says.
    fn key(&self) -> [u8; 16] {
        if let Some(key) = self.key {
            return key;
        }
        if let Some(uuid) = &self.uuid {
            return key_of_id(uuid);
        }
        let mut hasher = blake3::Hasher::new();
        let time = self.occurred_at.to_string();
        for part in [
            Some(&*self.event),
            Some(&*time),
            self.distinct_id.as_deref(),
            self.email.as_deref(),
            self.account_id.as_deref(),
            self.canonical_properties.as_deref(),
        ] {
            hasher.update(part.unwrap_or_default().as_bytes());
            hasher.update(&[0]);
        }
        first_128(&hasher)
    }
}

/// The key of an event that has an id of its own.
pub fn key_of_id(id: &str) -> [u8; 16] {
    first_128(blake3::Hasher::new().update(id.as_bytes()))
}

/// Rows of one event table.
pub struct EventRows {
    table: &'static str,
    landed_at: i64,
    key: BinaryBuilder,
    times: [Vec<Option<i64>>; 3],
    /// The text columns in the order of the schema.
    texts: [StringBuilder; 11],
    /// How many bytes of text each column had when it was last finished, and how many rows: memory
    /// that grows is moved, and what it leaves is given back and asked for again.
    expected: ([usize; 11], usize),
    /// Whole batches beside the rows.
    batches: Vec<RecordBatch>,
    bytes: usize,
    pub counts: EventCounts,
}

/// Events so far, and how many of them show an e-mail only in their distinct_id.
#[derive(Debug, Default, Clone, Copy)]
pub struct EventCounts {
    pub seen: u64,
    pub email_only_in_distinct_id: u64,
}

impl EventCounts {
    pub fn add(&mut self, other: Self) {
        self.seen += other.seen;
        self.email_only_in_distinct_id += other.email_only_in_distinct_id;
    }
}

impl EventRows {
    pub fn new(table: &'static str, landed_at: i64) -> Self {
        Self {
            table,
            landed_at,
            key: BinaryBuilder::new(),
            times: Default::default(),
            texts: Default::default(),
            expected: Default::default(),
            batches: Vec::new(),
            bytes: 0,
            counts: EventCounts::default(),
        }
    }

    /// What follows lands at this moment, µs.
    pub fn land_at(&mut self, at: i64) {
        self.landed_at = at;
    }

    pub fn len(&self) -> usize {
        self.key.len() + self.batches.iter().map(RecordBatch::num_rows).sum::<usize>()
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds an event.
    pub fn push(&mut self, row: &EventRow<'_>) {
        self.counts.seen += 1;
        let is_email = |id: &Cow<'_, str>| looks_like_email(id);
        if row.email.is_none()
            && row.account_id.is_none()
            && row.distinct_id.as_ref().is_some_and(is_email)
        {
            self.counts.email_only_in_distinct_id += 1;
        }
        if self.key.is_empty() {
            self.make_room();
        }
        self.key.append_value(row.key());
        let times = [Some(row.occurred_at), row.ingested_at, Some(self.landed_at)];
        for (column, time) in self.times.iter_mut().zip(times) {
            column.push(time);
        }
        let texts = [
            row.uuid.as_deref(),
            Some(&*row.event),
            row.distinct_id.as_deref(),
            row.person_id.as_deref(),
            row.email.as_deref(),
            row.account_id.as_deref(),
            row.stripe_customer_id.as_deref(),
            row.groups.as_deref(),
            row.properties.as_deref(),
            row.person_properties.as_deref(),
            Some(&*row.source),
        ];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            self.bytes += text.map_or(0, str::len);
            column.append_option(text);
        }
    }

    /// For as much as there was the last time.
    fn make_room(&mut self) {
        let (texts, rows) = &self.expected;
        self.times.iter_mut().for_each(|times| times.reserve(*rows));
        for (column, bytes) in self.texts.iter_mut().zip(texts) {
            *column = StringBuilder::with_capacity(*rows, *bytes);
        }
    }

    /// Adds rows that are made already.
    pub fn push_batch(&mut self, batch: RecordBatch, email_only_in_distinct_id: u64) {
        self.counts.seen += batch.num_rows() as u64;
        self.counts.email_only_in_distinct_id += email_only_in_distinct_id;
        self.bytes += batch.get_array_memory_size();
        self.batches.push(batch);
    }

    /// The batches, if there are rows, and empty rows to go on with.
    pub fn finish(&mut self) -> Result<Vec<Landed>> {
        self.bytes = 0;
        let mut batches = std::mem::take(&mut self.batches);
        if !self.key.is_empty() {
            batches.push(self.batch()?);
        }
        Ok(batches.into_iter().map(|batch| Landed { table: self.table, batch }).collect())
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        let with_slack = |size: usize| size + size / 8;
        let bytes = self.texts.each_ref().map(|text| with_slack(text.values_slice().len()));
        self.expected = (bytes, with_slack(self.key.len()));
        let mut times = self.times.iter_mut().map(|times| -> ArrayRef {
            let times = TimestampMicrosecondArray::from(std::mem::take(times));
            Arc::new(times.with_timezone("UTC"))
        });
        let mut texts = self.texts.iter_mut().map(|text| -> ArrayRef { Arc::new(text.finish()) });
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(self.key.finish())];
        arrays.extend(texts.by_ref().take(2));
        arrays.extend(times.by_ref());
        arrays.extend(texts);
        Ok(RecordBatch::try_new(SCHEMA.clone(), arrays)?)
    }
}

/// Good enough to give a hint; normalisation comes later.
pub fn looks_like_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.contains(['@', ' ', '/'])
    })
}

/// A value as text: numbers and booleans are rendered, an empty string is nothing.
pub fn text<'a>(json: &'a Json<'_>) -> Result<Option<Cow<'a, str>>, String> {
    match json {
        Json::String(text) | Json::Number(text) => {
            Ok(Some(&**text).filter(|text| !text.is_empty()).map(Cow::Borrowed))
        }
        Json::Bool(value) => Ok(Some(Cow::Borrowed(if *value { "true" } else { "false" }))),
        Json::Null => Ok(None),
        other => Err(format!("is {}, not a string", other.kind())),
    }
}

/// The same of a value that is an id: `42.0` is 42.
pub fn id<'a>(json: &'a Json<'_>) -> Result<Option<Cow<'a, str>>, String> {
    match json {
        Json::Number(digits) => number::id(digits).map(Some),
        other => text(other),
    }
}

/// A top-level field as text; what cannot be is a fault.
pub fn text_of<'a>(
    record: &'a Json<'_>,
    name: &str,
    faults: &mut Vec<Fault>,
) -> Option<Cow<'a, str>> {
    told(text(record.get(name)?), name, faults)
}

/// The same of an id.
pub fn id_of<'a>(
    record: &'a Json<'_>,
    name: &str,
    faults: &mut Vec<Fault>,
) -> Option<Cow<'a, str>> {
    told(id(record.get(name)?), name, faults)
}

fn told<T>(found: Result<Option<T>, String>, name: &str, faults: &mut Vec<Fault>) -> Option<T> {
    found.unwrap_or_else(|why| {
        faults.push((name.to_owned(), why));
        None
    })
}

/// A top-level field that holds an object, as JSON or (in tables) as its text. Anything else stays
/// what it is, and is a fault.
pub fn object<'a>(record: &'a Json<'a>, name: &str, faults: &mut Vec<Fault>) -> Cow<'a, Json<'a>> {
    let Some(value) = record.get(name) else { return Cow::Owned(Json::Null) };
    let why = match value {
        Json::String(text) if text.trim().is_empty() => return Cow::Owned(Json::Null),
        Json::String(text) => match Json::parse_lenient(text) {
            Ok((inner @ (Json::Object(_) | Json::Null), non_finite)) => {
                if non_finite > 0 {
                    let why = format!("{non_finite} values NaN or Infinity are taken as NULL");
                    faults.push((name.to_owned(), why));
                }
                return Cow::Owned(inner);
            }
            Ok((inner, _)) => format!("holds {}, not an object", inner.kind()),
            Err(error) => error.to_string(),
        },
        Json::Object(_) | Json::Null => return Cow::Borrowed(value),
        other => format!("is {}, not an object", other.kind()),
    };
    faults.push((name.to_owned(), why));
    Cow::Borrowed(value)
}

/// The same, but text that gives a name twice is a fault, and the last of the two stays.
pub fn object_once<'a>(
    record: &'a Json<'a>,
    name: &str,
    faults: &mut Vec<Fault>,
) -> Cow<'a, Json<'a>> {
    let mut object = object(record, name, faults);
    if let Cow::Owned(inner) = &mut object
        && let Some(twice) = inner.name_given_twice()
    {
        let why = format!("gives `{twice}` twice in one object: the last value counts");
        faults.push((name.to_owned(), why));
        inner.keep_last();
    }
    object
}

/// Compact text; nothing for an object without fields, which tables leave NULL.
pub fn compact(json: &Json<'_>) -> Option<String> {
    match json {
        Json::Null => None,
        Json::Object(fields) if fields.is_empty() => None,
        json => Some(json.to_compact()),
    }
}

/// The same with sorted keys, and empty for nothing.
pub fn canonical(json: &Json<'_>) -> String {
    let mut text = String::new();
    if compact(json).is_some() {
        json.write_canonical(&mut text);
    }
    text
}
