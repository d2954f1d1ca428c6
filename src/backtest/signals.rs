//! The signals of a hypothesis: what its SQL gives, behind the fence, as of one moment.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, StringViewArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::common::Column;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::logical_expr::{Expr, cast as cast_expr};
use datafusion::prelude::DataFrame;
use futures::TryStreamExt;

use crate::engine::{Compactor, Session};
use crate::error::{Error, Result};
use crate::library::{SqlFile, closest};

/// Seed of the fingerprints; any fixed number does.
const SEED: u64 = 0x7061_7964_6972_7421;

/// Signals in no particular order.
pub struct Signals {
    /// `account_id, signal_at, known_at, fingerprint`; never empty of schema.
    batches: Vec<RecordBatch>,
}

/// One signal, borrowed.
pub struct Signal<'a> {
    pub account_id: &'a str,
    pub signal_at: i64,
    /// When the row could be known: never before `signal_at`.
    pub known_at: i64,
    /// Of all columns that the hypothesis gives: equal rows have equal ones.
    pub fingerprint: u64,
}

impl Signals {
    /// Runs the hypothesis. Only the columns that a backtest needs are kept, whatever else the
    /// hypothesis passes on.
    pub async fn of(session: &Session, file: &SqlFile) -> Result<Self> {
        let frame = signal_frame(session, file).await?;
        let in_file = |error: datafusion::error::DataFusionError| in_file(file, error.into());
        let mut stream = frame.execute_stream().await.map_err(in_file)?;
        let none = reduced(&RecordBatch::new_empty(stream.schema()))?;
        let mut kept = Compactor::new(none.schema());
        while let Some(batch) = stream.try_next().await.map_err(in_file)? {
            kept.push(reduced(&batch)?)?;
        }
        let batches = std::iter::once(none).chain(kept.finish()?).collect();
        Ok(Self { batches })
    }

    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// The signals that have an account and a time.
    pub fn iter(&self) -> impl Iterator<Item = Signal<'_>> {
        self.batches.iter().flat_map(|batch| {
            let accounts: &StringViewArray = batch.column(0).as_string_view();
            let times = batch.column(1).as_primitive::<TimestampMicrosecondType>();
            let known = batch.column(2).as_primitive::<TimestampMicrosecondType>();
            let fingerprints: &UInt64Array = batch.column(3).as_primitive();
            (0..batch.num_rows()).filter(|&row| accounts.is_valid(row) && times.is_valid(row)).map(
                move |row| Signal {
                    account_id: accounts.value(row),
                    signal_at: times.value(row),
                    known_at: known_at(times, known, row),
                    fingerprint: fingerprints.value(row),
                },
            )
        })
    }
}

fn known_at(
    times: &TimestampMicrosecondArray,
    known: &TimestampMicrosecondArray,
    row: usize,
) -> i64 {
    let at = times.value(row);
    if known.is_valid(row) { at.max(known.value(row)) } else { at }
}

/// The first three columns, and a fingerprint of all.
fn reduced(batch: &RecordBatch) -> Result<RecordBatch> {
    let mut hashes = vec![0; batch.num_rows()];
    let columns = batch.columns().iter().map(comparable).collect::<Result<Vec<_>>>()?;
    create_hashes(&columns, &RandomState::with_seed(SEED), &mut hashes)?;
    let fingerprints: ArrayRef = Arc::new(UInt64Array::from(hashes));
    let names = ["account_id", "signal_at", "known_at"];
    let kept = names.iter().enumerate().map(|(i, name)| (*name, Arc::clone(batch.column(i)), true));
    Ok(RecordBatch::try_from_iter_with_nullable(kept.chain([(
        "fingerprint",
        fingerprints,
        false,
    )]))?)
}

/// A sum of floats depends on the order in which they came: they are compared at half precision.
fn comparable(column: &ArrayRef) -> Result<ArrayRef> {
    match column.data_type() {
        DataType::Float64 => Ok(cast(column, &DataType::Float32)?),
        _ => Ok(Arc::clone(column)),
    }
}

/// Plans a hypothesis and brings it to `account_id, signal_at, known_at` and what it passes on
/// besides; says which column is missing or of the wrong type.
pub async fn signal_frame(session: &Session, file: &SqlFile) -> Result<DataFrame> {
    let plan = session.plan_fenced(&file.text).await.map_err(|error| in_file(file, error))?;
    let columns: Vec<(String, DataType)> = plan
        .schema()
        .fields()
        .iter()
        .map(|field| (field.name().clone(), field.data_type().clone()))
        .collect();
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let require = |name: &str, is_right: fn(&DataType) -> bool, what: &str| -> Result<()> {
        match columns.iter().find(|(column, _)| column == name) {
            Some((_, data_type)) if is_right(data_type) => Ok(()),
            Some((_, data_type)) => Err(Error::new(format!(
                "{}: column `{name}` is {data_type}, not {what}",
                file.path.display()
            ))),
            None => {
                let error = Error::new(format!("{}: no column `{name}`", file.path.display()));
                Err(match closest(name, &names) {
                    Some(other) => error.hint(format!("`{other} as {name}`?")),
                    None => error.hint("a hypothesis gives account_id and signal_at"),
                })
            }
        }
    };
    require("account_id", is_text, "text")?;
    require("signal_at", is_moment, "a timestamp")?;
    let known_at = if names.contains(&"known_at") {
        require("known_at", is_moment, "a timestamp")?;
        "known_at"
    } else {
        "signal_at"
    };
    let moment = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let mut selected = vec![
        cast_expr(column("account_id"), DataType::Utf8View).alias("account_id"),
        cast_expr(column("signal_at"), moment.clone()).alias("signal_at"),
        cast_expr(column(known_at), moment).alias("known_at"),
    ];
    let is_passed_on = |name: &str| !["account_id", "signal_at", "known_at"].contains(&name);
    let passed_on = names.iter().copied().filter(|name| is_passed_on(name));
    selected.extend(passed_on.map(column));
    let frame = session.ctx.execute_logical_plan(plan).await?;
    Ok(frame.select(selected)?)
}

/// A column by its exact name; `col` would fold its case and split it at dots.
fn column(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}

/// Names the file and, where it can be found, the line.
fn in_file(file: &SqlFile, error: Error) -> Error {
    let refused = error.message().split_once("may not read `").map(|(_, rest)| rest);
    let schema = refused.and_then(|rest| rest.split_once('`')).map(|(schema, _)| schema);
    let line = schema.and_then(|schema| {
        let name = format!("{schema}.");
        file.text.lines().position(|line| line.contains(&name) && !line.starts_with("--"))
    });
    match line {
        Some(line) => error.context(format!("{}:{}", file.path.display(), line + 1)),
        None => error.in_file(&file.path),
    }
}

fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

fn is_moment(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(..))
}
