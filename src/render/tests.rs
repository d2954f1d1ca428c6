//! What each format prints.

#![allow(clippy::disallowed_methods)]

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, ListBuilder,
    RecordBatch, StringArray, StringBuilder, StructArray, TimestampMicrosecondArray, UnionArray,
};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Field, Fields, Int32Type, Schema, UnionFields};
use datafusion::prelude::SessionContext;
use insta::assert_snapshot;

use super::*;

const NOON: i64 = 1_756_728_000_000_000;

fn accounts() -> RecordBatch {
    let mut tags = ListBuilder::new(StringBuilder::new());
    tags.append_value([Some("a|b"), None]);
    tags.append_null();
    tags.append_value([] as [Option<&str>; 0]);
    let plan = StructArray::try_new(
        Fields::from(vec![
            Field::new("tier", DataType::Utf8, true),
            Field::new("seats", DataType::Int64, true),
        ]),
        vec![
            Arc::new(StringArray::from(vec![Some("team"), None, Some("solo")])),
            Arc::new(Int64Array::from(vec![Some(12), None, None])),
        ],
        None,
    )
    .unwrap();
    let paid_at = TimestampMicrosecondArray::from(vec![Some(NOON), None, Some(NOON + 1_500)]);
    RecordBatch::try_from_iter_with_nullable([
        ("id", Arc::new(Int64Array::from(vec![1, 22, 333])) as ArrayRef, false),
        ("name", Arc::new(StringArray::from(vec![Some("Zoë"), Some("漢字, \"KK\""), None])), true),
        ("rate", Arc::new(Float64Array::from(vec![Some(0.4), None, Some(12.0)])), true),
        ("is_paid", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])), true),
        ("paid_at", Arc::new(paid_at.with_timezone("UTC")), true),
        ("tags", Arc::new(tags.finish()), true),
        ("plan", Arc::new(plan), true),
    ])
    .unwrap()
}

fn print(format: Format, layout: Layout, batch: &RecordBatch) -> String {
    let mut out = Vec::new();
    write_batches(format, layout, batch.schema(), std::slice::from_ref(batch), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn terminal(width: usize) -> Layout {
    Layout { width: Some(width), ..Layout::default() }
}

fn texts(columns: &[(&str, &str)]) -> RecordBatch {
    let column = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    RecordBatch::try_from_iter(columns.iter().map(|(name, text)| (*name, column(text)))).unwrap()
}

#[test]
fn table_without_a_terminal_is_whole() {
    assert_snapshot!(print(Format::Table, Layout::default(), &accounts()), @r#"
    ┌─────┬────────────┬──────┬─────────┬────────────────────────────┬──────────────┬──────────────────────────────┐
    │  id │ name       │ rate │ is_paid │ paid_at                    │ tags         │ plan                         │
    ├─────┼────────────┼──────┼─────────┼────────────────────────────┼──────────────┼──────────────────────────────┤
    │   1 │ Zoë        │  0.4 │ true    │ 2025-09-01 12:00:00        │ ["a|b",null] │ {"tier":"team","seats":12}   │
    │  22 │ 漢字, "KK" │ NULL │ false   │ NULL                       │ NULL         │ {"tier":null,"seats":null}   │
    │ 333 │ NULL       │ 12.0 │ NULL    │ 2025-09-01 12:00:00.001500 │ []           │ {"tier":"solo","seats":null} │
    └─────┴────────────┴──────┴─────────┴────────────────────────────┴──────────────┴──────────────────────────────┘
    (3 rows)
    "#);
}

#[test]
fn table_at_sixty_columns() {
    assert_snapshot!(print(Format::Table, terminal(60), &accounts()), @r#"
    ┌─────┬────────────┬──────┬───┬──────────────┬─────────────┐
    │  id │ name       │ rate │ … │ tags         │ plan        │
    ├─────┼────────────┼──────┼───┼──────────────┼─────────────┤
    │   1 │ Zoë        │  0.4 │ … │ ["a|b",null] │ {"tier":"t… │
    │  22 │ 漢字, "KK" │ NULL │ … │ NULL         │ {"tier":nu… │
    │ 333 │ NULL       │ 12.0 │ … │ []           │ {"tier":"s… │
    └─────┴────────────┴──────┴───┴──────────────┴─────────────┘
    (3 rows)
    2 columns not shown: is_paid, paid_at
    "#);
}

#[test]
fn table_shrinks_text_and_keeps_numbers() {
    let columns = accounts().project(&[0, 4, 6]).unwrap();
    assert_snapshot!(print(Format::Table, terminal(50), &columns), @r#"
    ┌─────┬────────────────────────────┬─────────────┐
    │  id │ paid_at                    │ plan        │
    ├─────┼────────────────────────────┼─────────────┤
    │   1 │ 2025-09-01 12:00:00        │ {"tier":"t… │
    │  22 │ NULL                       │ {"tier":nu… │
    │ 333 │ 2025-09-01 12:00:00.001500 │ {"tier":"s… │
    └─────┴────────────────────────────┴─────────────┘
    (3 rows)
    "#);
}

#[test]
fn table_of_one_row_says_row_and_shows_every_line_of_a_value() {
    let batch = texts(&[("plan_type", "logical_plan"), ("plan", "Projection\n  Scan\tx")]);
    assert_snapshot!(print(Format::Table, Layout::default(), &batch), @r"
    ┌──────────────┬────────────┐
    │ plan_type    │ plan       │
    ├──────────────┼────────────┤
    │ logical_plan │ Projection │
    │              │   Scan\tx  │
    └──────────────┴────────────┘
    (1 row)
    ");
}

#[test]
fn null_is_dim_where_colours_are_shown() {
    let layout = Layout { is_coloured: true, ..Layout::default() };
    let batch = accounts().project(&[0, 2]).unwrap();
    assert!(print(Format::Table, layout, &batch).contains("│ \u{1b}[2mNULL\u{1b}[0m │"));
}

#[test]
fn long_results_end_early_on_a_terminal_only() {
    let batch = RecordBatch::try_from_iter([(
        "n",
        Arc::new(Int64Array::from_iter_values(0..1234)) as ArrayRef,
    )])
    .unwrap();
    let shown = print(Format::Table, terminal(80), &batch);
    assert_eq!(shown.lines().filter(|line| line.starts_with("│")).count(), 1001);
    assert!(shown.ends_with("… 234 more rows\n(1234 rows)\n"));
    let whole = print(Format::Table, Layout::default(), &batch);
    assert_eq!(whole.lines().filter(|line| line.starts_with("│")).count(), 1235);
}

#[test]
fn expanded_shows_everything() {
    let layout = Layout { width: Some(40), is_expanded: true, ..Layout::default() };
    assert_snapshot!(print(Format::Table, layout, &accounts().slice(0, 2)), @r#"
    ─[ 1 ]──────────────────────────────────
    id      │ 1
    name    │ Zoë
    rate    │ 0.4
    is_paid │ true
    paid_at │ 2025-09-01 12:00:00
    tags    │ ["a|b",null]
    plan    │ {"tier":"team","seats":12}
    ─[ 2 ]──────────────────────────────────
    id      │ 22
    name    │ 漢字, "KK"
    rate    │ NULL
    is_paid │ false
    paid_at │ NULL
    tags    │ NULL
    plan    │ {"tier":null,"seats":null}
    (2 rows)
    "#);
}

#[test]
fn csv() {
    assert_snapshot!(print(Format::Csv, Layout::default(), &accounts()), @r#"
    id,name,rate,is_paid,paid_at,tags,plan
    1,Zoë,0.4,true,2025-09-01T12:00:00Z,"[""a|b"",null]","{""tier"":""team"",""seats"":12}"
    22,"漢字, ""KK""",,false,,,"{""tier"":null,""seats"":null}"
    333,,12.0,,2025-09-01T12:00:00.001500Z,[],"{""tier"":""solo"",""seats"":null}"
    "#);
}

#[test]
fn json() {
    let text = print(Format::Json, Layout::default(), &accounts());
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&text).unwrap().len(), 3);
    assert_snapshot!(text, @r#"
    [{"id":1,"name":"Zoë","rate":0.4,"is_paid":true,"paid_at":"2025-09-01T12:00:00Z","tags":["a|b",null],"plan":{"tier":"team","seats":12}},
     {"id":22,"name":"漢字, \"KK\"","rate":null,"is_paid":false,"paid_at":null,"tags":null,"plan":{"tier":null,"seats":null}},
     {"id":333,"name":null,"rate":12.0,"is_paid":null,"paid_at":"2025-09-01T12:00:00.001500Z","tags":[],"plan":{"tier":"solo","seats":null}}]
    "#);
}

#[test]
fn ndjson() {
    assert_snapshot!(print(Format::Ndjson, Layout::default(), &accounts()), @r#"
    {"id":1,"name":"Zoë","rate":0.4,"is_paid":true,"paid_at":"2025-09-01T12:00:00Z","tags":["a|b",null],"plan":{"tier":"team","seats":12}}
    {"id":22,"name":"漢字, \"KK\"","rate":null,"is_paid":false,"paid_at":null,"tags":null,"plan":{"tier":null,"seats":null}}
    {"id":333,"name":null,"rate":12.0,"is_paid":null,"paid_at":"2025-09-01T12:00:00.001500Z","tags":[],"plan":{"tier":"solo","seats":null}}
    "#);
}

#[test]
fn markdown() {
    assert_snapshot!(print(Format::Markdown, Layout::default(), &accounts()), @r#"
    | id | name | rate | is_paid | paid_at | tags | plan |
    | ---: | --- | ---: | --- | --- | --- | --- |
    | 1 | Zoë | 0.4 | true | 2025-09-01 12:00:00 | ["a\|b",null] | {"tier":"team","seats":12} |
    | 22 | 漢字, "KK" |  | false |  |  | {"tier":null,"seats":null} |
    | 333 |  | 12.0 |  | 2025-09-01 12:00:00.001500 | [] | {"tier":"solo","seats":null} |
    "#);
}

#[test]
fn results_without_rows() {
    let empty = accounts().project(&[0, 1]).unwrap().slice(0, 0);
    assert_eq!(print(Format::Csv, Layout::default(), &empty), "id,name\n");
    assert_eq!(print(Format::Json, Layout::default(), &empty), "[]\n");
    assert_eq!(print(Format::Ndjson, Layout::default(), &empty), "");
    assert_eq!(
        print(Format::Markdown, Layout::default(), &empty),
        "| id | name |\n| ---: | --- |\n"
    );
    let table = print(Format::Table, terminal(80), &empty);
    assert!(table.contains("id") && table.ends_with("(0 rows)\n"));
}

#[test]
fn statements_without_columns_print_nothing() {
    let none = RecordBatch::new_empty(Arc::new(Schema::empty()));
    assert_eq!(print(Format::Table, Layout::default(), &none), "");
}

#[test]
fn equal_names_stay_apart_in_json() {
    let batch = texts(&[("id", "a"), ("id", "b"), ("id_1", "c")]);
    let line = print(Format::Ndjson, Layout::default(), &batch);
    assert_eq!(line, "{\"id\":\"a\",\"id_2\":\"b\",\"id_1\":\"c\"}\n");
}

#[test]
fn unions_are_the_value_they_hold() {
    let fields = UnionFields::try_new(
        [0, 1],
        [Field::new("int", DataType::Int64, true), Field::new("str", DataType::Utf8, true)],
    )
    .unwrap();
    let children = vec![
        Arc::new(Int64Array::from(vec![Some(7), None, None])) as ArrayRef,
        Arc::new(StringArray::from(vec![None, Some("x"), None])),
    ];
    let ids = ScalarBuffer::from(vec![0_i8, 1, 1]);
    let union = UnionArray::try_new(fields, ids, None, children).unwrap();
    let batch = RecordBatch::try_from_iter([("v", Arc::new(union) as ArrayRef)]).unwrap();
    let lines = print(Format::Ndjson, Layout::default(), &batch);
    assert_eq!(lines, "{\"v\":7}\n{\"v\":\"x\"}\n{\"v\":null}\n");
    assert_eq!(print(Format::Csv, Layout::default(), &batch), "v\n7\nx\n\"\"\n");
}

#[test]
fn dictionaries_print_their_values() {
    let column: DictionaryArray<Int32Type> = [Some("usd"), None, Some("usd")].into_iter().collect();
    let batch = RecordBatch::try_from_iter([("currency", Arc::new(column) as ArrayRef)]).unwrap();
    let lines = print(Format::Ndjson, Layout::default(), &batch);
    assert_eq!(lines, "{\"currency\":\"usd\"}\n{\"currency\":null}\n{\"currency\":\"usd\"}\n");
    assert!(print(Format::Table, Layout::default(), &batch).contains("│ NULL     │"));
}

async fn stream_of(batch: RecordBatch) -> SendableRecordBatchStream {
    let frame = SessionContext::new().read_batch(batch).unwrap();
    frame.execute_stream().await.unwrap()
}

#[tokio::test]
async fn files_are_written_whole_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.parquet");
    let rows = write_output(&path, stream_of(accounts()).await).await.unwrap();
    assert_eq!(rows, 3);
    let context = SessionContext::new();
    let frame = context.read_parquet(path.to_str().unwrap(), Default::default()).await.unwrap();
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let read = arrow::compute::concat_batches(&schema, &frame.collect().await.unwrap()).unwrap();
    assert_eq!(
        print(Format::Json, Layout::default(), &read),
        print(Format::Json, Layout::default(), &accounts())
    );
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1, "drafts are removed");

    let path = folder.path().join("accounts.csv");
    write_output(&path, stream_of(accounts()).await).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        print(Format::Csv, Layout::default(), &accounts())
    );
}

#[tokio::test]
async fn unknown_extensions_name_the_known_ones() {
    let numbers = Arc::new(Int32Array::from(vec![1])) as ArrayRef;
    let batch = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
    let error = write_output("x.xlsx".as_ref(), stream_of(batch).await).await.unwrap_err();
    assert_eq!(error.message(), "x.xlsx: the extension names no known format");
    assert!(error.hint_text().unwrap().contains(".parquet, .csv"));
}
