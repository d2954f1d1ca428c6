//! PostHog's persons and groups. An export of them holds latest values: how somebody is now says
//! nothing of how they were, so these tables are to look at and feed no relation.

use std::sync::{Arc, LazyLock};

use arrow::array::{
    ArrayBuilder, ArrayRef, BinaryBuilder, BooleanBuilder, Int64Builder, RecordBatch,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::events::{canonical, compact, id_of, object};
use super::time::Times;
use crate::error::Result;
use crate::sync::json::Json;
use crate::sync::report::{Fault, Landed, Refusal};
use crate::sync::stripe::{first_128, time_type};

pub const PERSONS: &str = "posthog_log/persons";
pub const POSTHOG_GROUPS: &str = "posthog_log/groups";
/// What the column `source` of all these rows says.
const LATEST: &str = "latest";

/// The schema of `posthog_log/persons`, of which the id is the distinct id.
pub static PERSONS_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| schema("person_id"));
/// The schema of `posthog_log/groups`, of which the id is the key of the group.
pub static GROUPS_SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| schema("group_type"));

fn schema(whose: &str) -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let time = |name: &str| Field::new(name, time_type(), true);
    Arc::new(Schema::new(vec![
        Field::new("key", DataType::Binary, false),
        text("id"),
        text(whose),
        text("email"),
        text("properties"),
        time("created_at"),
        time("observed_at"),
        time("landed_at"),
        Field::new("deleted", DataType::Boolean, true),
        Field::new("version", DataType::Int64, true),
        text("source"),
    ]))
}

/// What a record of latest values is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Person,
    Group,
}

impl About {
    /// `None` if the record is neither.
    pub fn of(record: &Json<'_>) -> Option<Self> {
        let has = |name: &str| record.get(name).is_some();
        if has("event") {
            return None;
        }
        if has("distinct_id") && has("person_id") && has("properties") {
            return Some(Self::Person);
        }
        let has_type = has("group_type") || has("group_type_index");
        (has_type && has("group_key") && has("group_properties")).then_some(Self::Group)
    }

    fn table(self) -> &'static str {
        match self {
            Self::Person => PERSONS,
            Self::Group => POSTHOG_GROUPS,
        }
    }

    fn schema(self) -> SchemaRef {
        match self {
            Self::Person => Arc::clone(&PERSONS_SCHEMA),
            Self::Group => Arc::clone(&GROUPS_SCHEMA),
        }
    }
}

/// Rows of one of the tables.
pub struct LatestRows {
    about: About,
    landed_at: i64,
    key: BinaryBuilder,
    /// id, whose, email, properties, source.
    texts: [StringBuilder; 5],
    /// created, observed, landed.
    times: [TimestampMicrosecondBuilder; 3],
    deleted: BooleanBuilder,
    version: Int64Builder,
    pub bytes: usize,
}

impl LatestRows {
    pub fn new(about: About, landed_at: i64) -> Self {
        let time = || TimestampMicrosecondBuilder::new().with_timezone("UTC");
        Self {
            about,
            landed_at,
            key: BinaryBuilder::new(),
            texts: Default::default(),
            times: [time(), time(), time()],
            deleted: BooleanBuilder::new(),
            version: Int64Builder::new(),
            bytes: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.key.len()
    }

    pub fn table(&self) -> &'static str {
        self.about.table()
    }

    /// Adds a record, and tells its id.
    pub fn push(
        &mut self,
        record: &Json<'_>,
        times: &Times<'_>,
        faults: &mut Vec<Fault>,
    ) -> std::result::Result<String, Refusal> {
        let (id, whose, properties) = match self.about {
            About::Person => ("distinct_id", "person_id", "properties"),
            About::Group => ("group_key", "group_type", "group_properties"),
        };
        let Some(id) = id_of(record, id, faults) else {
            return Err(Refusal::of(id, "nobody can be told by it: the field is missing"));
        };
        let whose =
            id_of(record, whose, faults).or_else(|| id_of(record, "group_type_index", faults));
        let properties = object(record, properties, faults);
        let email = properties.get_str("email").or_else(|| properties.get_str("$email"));
        let email = email.filter(|email| !email.trim().is_empty());
        let version = versions(record);
        let deleted = is_true(record.get("is_deleted"));
        let times = times.in_utc();
        let created_at = time(record, "created_at", &times, faults);
        // The export says when the values came to be so; a list, when it was given.
        let observed_at = time(record, "_inserted_at", &times, faults)
            .or_else(|| time(record, "observed_at", &times, faults))
            .unwrap_or(self.landed_at);

        let mut hasher = blake3::Hasher::new();
        let version_text = version.map(|version| version.to_string());
        let said = canonical(&properties);
        let parts = [Some(&*id), whose.as_deref(), version_text.as_deref(), Some(&*said)];
        for part in parts {
            hasher.update(part.unwrap_or_default().as_bytes());
            hasher.update(&[0]);
        }
        hasher.update(&[u8::from(deleted)]);
        self.key.append_value(first_128(&hasher));
        let properties = compact(&properties);
        let texts = [Some(&*id), whose.as_deref(), email, properties.as_deref(), Some(LATEST)];
        for (column, text) in self.texts.iter_mut().zip(texts) {
            self.bytes += text.map_or(0, str::len);
            column.append_option(text);
        }
        let times = [created_at, Some(observed_at), Some(self.landed_at)];
        for (column, time) in self.times.iter_mut().zip(times) {
            column.append_option(time);
        }
        self.deleted.append_value(deleted);
        self.version.append_option(version);
        Ok(id.into_owned())
    }

    /// The batch, if there are rows, and empty rows to go on with.
    pub fn finish(&mut self) -> Result<Option<Landed>> {
        self.bytes = 0;
        if self.key.is_empty() {
            return Ok(None);
        }
        let mut texts = self.texts.iter_mut().map(|text| -> ArrayRef { Arc::new(text.finish()) });
        let mut times = self.times.iter_mut().map(|time| -> ArrayRef { Arc::new(time.finish()) });
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(self.key.finish())];
        arrays.extend(texts.by_ref().take(4));
        arrays.extend(times.by_ref());
        arrays.push(Arc::new(self.deleted.finish()));
        arrays.push(Arc::new(self.version.finish()));
        arrays.extend(texts);
        let batch = RecordBatch::try_new(self.about.schema(), arrays)?;
        Ok(Some(Landed { table: self.about.table(), batch }))
    }
}

/// A person and the link of a distinct id to it are counted apart; either makes the row a new one.
fn versions(record: &Json<'_>) -> Option<i64> {
    let number = |name: &str| match record.get(name) {
        Some(Json::Number(text)) => text.parse::<i64>().ok(),
        _ => None,
    };
    let (person, link) = (number("person_version"), number("person_distinct_id_version"));
    match (person, link) {
        (None, None) => None,
        (person, link) => Some(person.unwrap_or(0).wrapping_add(link.unwrap_or(0))),
    }
}

fn is_true(value: Option<&Json<'_>>) -> bool {
    match value {
        Some(Json::Bool(flag)) => *flag,
        Some(Json::Number(text)) => text == "1",
        Some(Json::String(text)) => text == "true" || text == "1",
        _ => false,
    }
}

fn time(record: &Json<'_>, name: &str, times: &Times<'_>, faults: &mut Vec<Fault>) -> Option<i64> {
    let value = record.get(name).filter(|value| **value != Json::Null)?;
    times.or_clear(value).map_err(|why| faults.push((name.to_owned(), why.fault()))).ok()
}
