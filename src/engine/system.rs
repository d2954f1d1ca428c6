//! State is a table: what was landed, what was refused, what was backtested.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, BooleanArray, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::arrow::record_batch::RecordBatch;

use crate::error::Result;
use crate::lake::TableSpec;
use crate::library::Library;

fn spec(name: &str, columns: &[(&str, DataType)]) -> TableSpec {
    let key = Field::new("key", DataType::Binary, false);
    let at = Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true);
    let rest = columns.iter().map(|(name, kind)| Field::new(*name, kind.clone(), true));
    TableSpec {
        name: format!("system/{name}"),
        schema: Arc::new(Schema::new([key, at].into_iter().chain(rest).collect::<Vec<_>>())),
        time_column: Some("at".into()),
        split_by_time: false,
        repeats_within: None,
        sort_by: vec!["at".into()],
        marking: None,
    }
}

/// One row a landing and relation; the row without a relation ends the landing. One of format
/// `object` tells which version of an object in a bucket that was.
pub fn syncs() -> TableSpec {
    use DataType::{Int64, Utf8};
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    spec(
        "syncs",
        &[
            ("source", Utf8),
            ("path", Utf8),
            ("format", Utf8),
            ("content_hash", Utf8),
            ("relation", Utf8),
            ("bytes", Int64),
            ("rows", Int64),
            ("new_rows", Int64),
            ("duplicates", Int64),
            ("rejected", Int64),
            // Of a source with an API: landed, denied, failing, stopped or over budget, and why.
            ("outcome", Utf8),
            ("reason", Utf8),
            ("complete_through", time),
            ("requests", Int64),
        ],
    )
}

/// How many requests an API has answered since the row before.
pub fn requests() -> TableSpec {
    spec("requests", &[("source", DataType::Utf8), ("requests", DataType::Int64)])
}

/// One row a thing that was refused or could not be read.
pub fn diagnostics() -> TableSpec {
    use DataType::{Int64, Utf8};
    spec(
        "diagnostics",
        &[
            ("kind", Utf8),
            ("path", Utf8),
            ("line", Int64),
            ("relation", Utf8),
            ("id", Utf8),
            ("field", Utf8),
            ("reason", Utf8),
        ],
    )
}

/// The ledger: every backtest that was ever run here. A look at the data is never forgotten.
pub fn backtests() -> TableSpec {
    use DataType::{Float64, Int64, Utf8};
    let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    spec(
        "backtests",
        &[
            ("name", Utf8),
            ("family_key", Utf8),
            ("sql_hash", Utf8),
            ("population", Utf8),
            ("outcome", Utf8),
            ("window_seconds", Int64),
            ("horizon_seconds", Int64),
            ("strata", Utf8),
            ("delta", Float64),
            ("split_at", time.clone()),
            ("as_of", time),
            ("p", Float64),
            ("q", Float64),
            ("family_size", Int64),
            ("verdict", Utf8),
            ("reasons", Utf8),
            ("n_exposed", Int64),
            ("n_control", Int64),
        ],
    )
}

pub fn specs() -> Vec<TableSpec> {
    vec![syncs(), requests(), diagnostics(), backtests()]
}

/// `system.library`: every SQL file in use, and whether it is the project's own.
pub fn library(library: &Library) -> Result<RecordBatch> {
    let files: Vec<_> = library.files().collect();
    let text = |pick: &dyn Fn(usize) -> String| -> ArrayRef {
        Arc::new((0..files.len()).map(|i| Some(pick(i))).collect::<StringArray>())
    };
    let replaced: BooleanArray = files.iter().map(|file| Some(file.replaces_shipped)).collect();
    Ok(RecordBatch::try_from_iter([
        ("kind", text(&|i| files[i].kind.folder.to_owned())),
        ("name", text(&|i| files[i].name.clone())),
        ("sentence", text(&|i| files[i].header.sentence.clone())),
        ("path", text(&|i| files[i].path.display().to_string())),
        ("sql_hash", text(&|i| files[i].sql_hash())),
        ("is_replaced", Arc::new(replaced)),
    ])?)
}
