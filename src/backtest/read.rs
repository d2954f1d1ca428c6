//! Reads query results into plain values, by column name.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};

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

/// The outcome table that `sql/commands/backtest_rows.sql` gives, and whether each row is of the
/// session's mode.
pub fn trial_rows(batches: &[RecordBatch]) -> Result<Vec<(TrialRow, bool)>> {
    records(batches)?
        .iter()
        .map(|row| {
            let moment = |name: &str| {
                row.moment(name)?.ok_or_else(|| Error::new(format!("a trial without `{name}`")))
            };
            let exclusion = row.text_or_null("exclusion")?;
            let exclusion = match &exclusion {
                None => None,
                Some(name) => Some(
                    Exclusion::parse(name)
                        .ok_or_else(|| Error::new(format!("unknown exclusion `{name}`")))?,
                ),
            };
            let trial = TrialRow {
                subscription_id: row.text("subscription_id")?,
                customer_id: row.text("customer_id")?,
                account_id: row.text("account_id")?,
                t0: moment("t0")?,
                landmark: moment("landmark_at")?,
                horizon_end: moment("horizon_end_at")?,
                exclusion,
                is_at_risk: row.is("is_at_risk")?,
                is_matched: row.is("is_matched")?,
                is_mature: row.is("is_mature")?,
                signal_at: row.moment("signal_at")?,
                event_at: row.moment("event_at")?,
                gross_converted_at: row.moment("gross_converted_at")?,
                net_converted_at: row.moment("net_converted_at")?,
                converting_subscription_id: row.text_or_null("converting_subscription_id")?,
                converting_invoice_id: row.text_or_null("converting_invoice_id")?,
                mrr_list_minor: row.number_or_null("mrr_list_minor")?,
                mrr_net_minor: row.number_or_null("mrr_net_minor")?,
                currency: row.text_or_null("currency")?,
                stratum: row.text("stratum")?,
                lost_at: row.moment("lost_at")?,
            };
            Ok((trial, row.is("is_in_mode")?))
        })
        .collect()
}
