//! Reads query results into plain values, by column name.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::execution::SendableRecordBatchStream;
use futures::TryStreamExt;

use super::row::{Exclusion, TrialRow};
use crate::error::{Error, Result};

/// One row of a result.
pub struct Record<'a> {
    batch: &'a RecordBatch,
    row: usize,
}

impl Record<'_> {
    fn column(&self, name: &str, data_type: &DataType) -> Result<ArrayRef> {
        let column = self
            .batch
            .column_by_name(name)
            .ok_or_else(|| Error::new(format!("the query gives no column `{name}`")))?;
        // One value at a time: results read this way are small.
        Ok(cast(&column.slice(self.row, 1), data_type)?)
    }

    pub fn text(&self, name: &str) -> Result<String> {
        Ok(self.text_or_null(name)?.unwrap_or_default())
    }

    pub fn text_or_null(&self, name: &str) -> Result<Option<String>> {
        let column = self.column(name, &DataType::Utf8)?;
        let column = column.as_string::<i32>();
        Ok(column.is_valid(0).then(|| column.value(0).to_owned()))
    }

    pub fn number(&self, name: &str) -> Result<f64> {
        Ok(self.number_or_null(name)?.unwrap_or(f64::NAN))
    }

    pub fn number_or_null(&self, name: &str) -> Result<Option<f64>> {
        let column = self.column(name, &DataType::Float64)?;
        let column = column.as_primitive::<Float64Type>();
        Ok(column.is_valid(0).then(|| column.value(0)))
    }

    pub fn count(&self, name: &str) -> Result<u64> {
        let column = self.column(name, &DataType::Int64)?;
        let column = column.as_primitive::<Int64Type>();
        Ok(if column.is_valid(0) { column.value(0).try_into().unwrap_or(0) } else { 0 })
    }

    pub fn is(&self, name: &str) -> Result<bool> {
        let column = self.column(name, &DataType::Boolean)?;
        Ok(column.as_boolean().is_valid(0) && column.as_boolean().value(0))
    }

    /// Microseconds since 1970 UTC.
    pub fn moment(&self, name: &str) -> Result<Option<i64>> {
        let moment = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let column = self.column(name, &moment)?;
        let column = column.as_primitive::<TimestampMicrosecondType>();
        Ok(column.is_valid(0).then(|| column.value(0)))
    }
}

/// The rows of a result, in order.
pub fn records(batches: &[RecordBatch]) -> Result<Vec<Record<'_>>> {
    Ok(batches
        .iter()
        .flat_map(|batch| (0..batch.num_rows()).map(move |row| Record { batch, row }))
        .collect())
}

/// The columns of one batch, cast once.
struct Columns<'a>(&'a RecordBatch);

impl Columns<'_> {
    fn cast(&self, name: &str, data_type: &DataType) -> Result<ArrayRef> {
        let column = self.0.column_by_name(name);
        let column =
            column.ok_or_else(|| Error::new(format!("the query gives no column `{name}`")))?;
        Ok(cast(column, data_type)?)
    }

    fn texts(&self, name: &str) -> Result<impl Fn(usize) -> Option<String> + use<>> {
        let column = self.cast(name, &DataType::Utf8)?.as_string::<i32>().clone();
        Ok(move |row| column.is_valid(row).then(|| column.value(row).to_owned()))
    }

    fn numbers(&self, name: &str) -> Result<impl Fn(usize) -> Option<f64> + use<>> {
        let column = self.cast(name, &DataType::Float64)?.as_primitive::<Float64Type>().clone();
        Ok(move |row| column.is_valid(row).then(|| column.value(row)))
    }

    fn flags(&self, name: &str) -> Result<impl Fn(usize) -> bool + use<>> {
        let column = self.cast(name, &DataType::Boolean)?.as_boolean().clone();
        Ok(move |row| column.is_valid(row) && column.value(row))
    }

    /// Microseconds since 1970 UTC.
    fn moments(&self, name: &str) -> Result<impl Fn(usize) -> Option<i64> + use<>> {
        let moment = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let column = self.cast(name, &moment)?;
        let column = column.as_primitive::<TimestampMicrosecondType>().clone();
        Ok(move |row| column.is_valid(row).then(|| column.value(row)))
    }
}

/// The outcome table that `sql/commands/backtest_rows.sql` gives, in order of start, and whether
/// each row is of the session's mode.
pub async fn trial_rows(mut batches: SendableRecordBatchStream) -> Result<Vec<(TrialRow, bool)>> {
    let mut rows = vec![];
    while let Some(batch) = batches.try_next().await? {
        let columns = Columns(&batch);
        let (subscription, customer) =
            (columns.texts("subscription_id")?, columns.texts("customer_id")?);
        let (account, stratum) = (columns.texts("account_id")?, columns.texts("stratum")?);
        let (t0, landmark) = (columns.moments("t0")?, columns.moments("landmark_at")?);
        let (horizon_end, lost) = (columns.moments("horizon_end_at")?, columns.moments("lost_at")?);
        let exclusion = columns.texts("exclusion")?;
        let (at_risk, matched) = (columns.flags("is_at_risk")?, columns.flags("is_matched")?);
        let (mature, in_mode) = (columns.flags("is_mature")?, columns.flags("is_in_mode")?);
        let (signal, event) = (columns.moments("signal_at")?, columns.moments("event_at")?);
        let gross = columns.moments("gross_converted_at")?;
        let net = columns.moments("net_converted_at")?;
        let converting_subscription = columns.texts("converting_subscription_id")?;
        let converting_invoice = columns.texts("converting_invoice_id")?;
        let mrr_list = columns.numbers("mrr_list_minor")?;
        let (mrr_net, currency) = (columns.numbers("mrr_net_minor")?, columns.texts("currency")?);
        for row in 0..batch.num_rows() {
            let required = |moment: Option<i64>, name: &str| {
                moment.ok_or_else(|| Error::new(format!("a trial without `{name}`")))
            };
            let exclusion = match exclusion(row) {
                None => None,
                Some(name) => Some(
                    Exclusion::parse(&name)
                        .ok_or_else(|| Error::new(format!("unknown exclusion `{name}`")))?,
                ),
            };
            let trial = TrialRow {
                subscription_id: subscription(row).unwrap_or_default(),
                customer_id: customer(row).unwrap_or_default(),
                account_id: account(row).unwrap_or_default(),
                t0: required(t0(row), "t0")?,
                landmark: required(landmark(row), "landmark_at")?,
                horizon_end: required(horizon_end(row), "horizon_end_at")?,
                exclusion,
                is_at_risk: at_risk(row),
                is_matched: matched(row),
                is_mature: mature(row),
                signal_at: signal(row),
                event_at: event(row),
                gross_converted_at: gross(row),
                net_converted_at: net(row),
                converting_subscription_id: converting_subscription(row),
                converting_invoice_id: converting_invoice(row),
                mrr_list_minor: mrr_list(row),
                mrr_net_minor: mrr_net(row),
                currency: currency(row),
                stratum: stratum(row).unwrap_or_default(),
                lost_at: lost(row),
            };
            rows.push((trial, in_mode(row)));
        }
    }
    rows.sort_unstable_by(|(one, _), (next, _)| {
        (one.t0, &one.subscription_id).cmp(&(next.t0, &next.subscription_id))
    });
    Ok(rows)
}
