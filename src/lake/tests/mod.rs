//! Tests of the lake: the tables they use, and reading back what was written.

mod append;
mod commits;
mod compact;
mod concurrent;
mod crash;
mod format;
mod growth;
mod marks;
mod part;
mod store;
mod vacuum;

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use arrow::json::{LineDelimitedWriter, ReaderBuilder};
use deltalake_core::logstore::parquet_reader::ParquetObjectReader;
use futures::TryStreamExt;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use serde_json::{Value, json};
use url::Url;

use super::{Commit, Lake, Table, TableSpec};

fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn list(fields: Vec<Field>) -> DataType {
    DataType::List(Arc::new(Field::new("item", DataType::Struct(fields.into()), true)))
}

fn nullable(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

fn fields() -> Vec<Field> {
    let discounts = list(vec![
        nullable("discount_id", DataType::Utf8),
        nullable("amount_minor", DataType::Int64),
    ]);
    let lines = list(vec![
        nullable("id", DataType::Utf8),
        nullable("amount_minor", DataType::Int64),
        nullable("period_start_at", timestamp()),
        nullable("is_proration", DataType::Boolean),
        nullable("discounts", discounts),
    ]);
    vec![
        Field::new("key", DataType::Binary, false),
        nullable("id", DataType::Utf8),
        nullable("observed_at", timestamp()),
        nullable("total_minor", DataType::Int64),
        nullable("lines", lines),
    ]
}

fn spec_of(fields: Vec<Field>) -> TableSpec {
    TableSpec {
        name: "stripe_log/invoices".to_owned(),
        schema: Arc::new(Schema::new(fields)),
        time_column: Some("observed_at".to_owned()),
        split_by_time: false,
        repeats_within: Some(Duration::ZERO),
        sort_by: vec!["id".to_owned()],
        marking: None,
    }
}

fn spec() -> TableSpec {
    spec_of(fields())
}

/// Midnight of 2026-01-01 plus `seconds`, in µs.
fn micros(seconds: i64) -> i64 {
    (1_767_225_600 + seconds) * 1_000_000
}

/// The invoice number `n`, whose time is `n` seconds into 2026.
fn invoice(n: i64) -> Value {
    json!({
        "key": format!("{n:032x}"),
        "id": format!("in_{n:05}"),
        "observed_at": micros(n),
        "total_minor": n * 100,
    })
}

fn batch_of(spec: &TableSpec, rows: &[Value]) -> RecordBatch {
    let mut decoder = ReaderBuilder::new(spec.schema.clone()).build_decoder().unwrap();
    decoder.serialize(rows).unwrap();
    decoder.flush().unwrap().unwrap()
}

fn invoices(numbers: impl IntoIterator<Item = i64>) -> Vec<RecordBatch> {
    let rows: Vec<Value> = numbers.into_iter().map(invoice).collect();
    vec![batch_of(&spec(), &rows)]
}

fn position(app_id: &str, version: i64) -> Commit {
    Commit { positions: vec![(app_id.to_owned(), version)], ..Commit::default() }
}

async fn lake_in(store: Arc<dyn ObjectStore>) -> Lake {
    Lake::with_store(store, Url::parse("memory:///data/lake").unwrap()).await.unwrap()
}

async fn memory_lake() -> Lake {
    lake_in(Arc::new(InMemory::new())).await
}

/// The rows of each file as JSON, in the order they are in; NULLs are left out.
async fn read_files(table: &Table) -> Vec<Vec<Value>> {
    let mut files = Vec::new();
    for file in table.files() {
        let reader = ParquetObjectReader::new(table.lake.store(), file.path.clone());
        let stream = ParquetRecordBatchStreamBuilder::new(reader).await.unwrap().build().unwrap();
        let mut writer = LineDelimitedWriter::new(Vec::new());
        for batch in stream.try_collect::<Vec<_>>().await.unwrap() {
            writer.write(&batch).unwrap();
        }
        writer.finish().unwrap();
        let text = String::from_utf8(writer.into_inner()).unwrap();
        files.push(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect());
    }
    files
}

/// All rows as JSON, by id.
async fn read(table: &Table) -> Vec<Value> {
    let mut rows: Vec<Value> = read_files(table).await.into_iter().flatten().collect();
    rows.sort_by_key(|row| row["id"].as_str().map(str::to_owned));
    rows
}

/// The ids of all rows, sorted.
async fn ids(table: &Table) -> Vec<String> {
    read(table).await.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn ids_of(numbers: impl IntoIterator<Item = i64>) -> Vec<String> {
    numbers.into_iter().map(|n| format!("in_{n:05}")).collect()
}

/// How many Parquet files there are, committed or not.
async fn parquet_files(store: &dyn ObjectStore) -> usize {
    let objects: Vec<_> = store.list(None).try_collect().await.unwrap();
    objects.iter().filter(|object| object.location.as_ref().ends_with(".parquet")).count()
}
