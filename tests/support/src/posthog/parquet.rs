//! Exports as Parquet, with PostHog's columns in PostHog's order; JSON is text in them.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::Value;

use super::project::{Event, Person};

pub fn events(events: &[&Event]) -> Bytes {
    let text = |pick: &dyn Fn(&Event) -> Option<String>| -> ArrayRef {
        Arc::new(events.iter().map(|event| pick(event)).collect::<StringArray>())
    };
    let time = |pick: &dyn Fn(&Event) -> i64| times(events.iter().map(|event| pick(event)));
    write(vec![
        ("uuid", text(&|event| Some(event.uuid.clone()))),
        ("timestamp", time(&|event| event.timestamp)),
        ("_inserted_at", time(&|event| event.inserted_at)),
        ("created_at", time(&|event| event.created_at)),
        ("event", text(&|event| Some(event.event.clone()))),
        ("properties", text(&|event| json(&event.properties))),
        ("distinct_id", text(&|event| Some(event.distinct_id.clone()))),
        ("elements_chain", text(&|_| Some(String::new()))),
        ("person_properties", text(&|event| json(&event.person_properties))),
        ("person_id", text(&|event| Some(event.person_id.clone()))),
    ])
}

pub fn persons(persons: &[&Person]) -> Bytes {
    let text = |pick: &dyn Fn(&Person) -> Option<String>| -> ArrayRef {
        Arc::new(persons.iter().map(|person| pick(person)).collect::<StringArray>())
    };
    let number = |pick: &dyn Fn(&Person) -> i64| -> ArrayRef {
        Arc::new(persons.iter().map(|person| Some(pick(person))).collect::<Int64Array>())
    };
    let deleted: BooleanArray = persons.iter().map(|person| Some(person.is_deleted)).collect();
    write(vec![
        ("team_id", number(&|_| 1)),
        ("distinct_id", text(&|person| Some(person.distinct_id.clone()))),
        ("person_id", text(&|person| Some(person.person_id.clone()))),
        ("properties", text(&|person| json(&person.properties))),
        ("person_version", number(&|person| person.version)),
        ("person_distinct_id_version", number(&|_| 0)),
        ("_inserted_at", times(persons.iter().map(|person| person.inserted_at))),
        ("created_at", times(persons.iter().map(|person| person.created_at))),
        ("is_deleted", Arc::new(deleted)),
    ])
}

fn times(values: impl Iterator<Item = i64>) -> ArrayRef {
    let times: TimestampMicrosecondArray = values.map(Some).collect();
    Arc::new(times.with_timezone("UTC"))
}

/// An object without fields is NULL.
fn json(value: &Value) -> Option<String> {
    let is_empty = value.as_object().is_some_and(serde_json::Map::is_empty);
    (!is_empty).then(|| value.to_string())
}

fn write(columns: Vec<(&str, ArrayRef)>) -> Bytes {
    let columns = columns.into_iter().map(|(name, array)| (name, array, true));
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("columns of one length");
    let compression = Compression::ZSTD(ZstdLevel::default());
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties))
        .expect("a schema that Parquet has");
    writer.write(&batch).expect("memory takes it");
    writer.into_inner().expect("memory takes it").into()
}
