//! Which rows are asked for, and in what order.

use chrono::DateTime;

use super::column::Column;
use super::plan::Plan;
use super::value::Form;
use crate::time::DAY_US;

/// Rows of a page, and more where the last ones have one value of the cursor: then the page is
/// whole, and the next one starts behind that value. Each page sees a moment of its own, so that no
/// transaction is long.
const PAGE_ROWS: u64 = 1_000_000;
/// How far back rows are looked for whose transaction was under way.
const LOOK_BACK_US: i64 = 40 * DAY_US;
/// The same where the cursor counts.
const LOOK_BACK_STEPS: i64 = 100_000_000;
/// Transactions may begin between a snapshot and the look at it.
const SLACK: i64 = 10_000;

/// What one transaction reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Everything there is, as it comes.
    Whole,
    /// What lies behind a value of the cursor, as it comes.
    Behind(Option<i64>),
    /// The next rows behind a value of the cursor, in its order.
    Next(Option<i64>),
    /// What has no value of the cursor that could be compared.
    WithoutCursor,
    /// Rows up to `until` of transactions that are not older than `age`.
    Late { until: i64, age: i64 },
}

impl Page {
    pub fn sql(self, plan: &Plan) -> String {
        let Some((column, cursor)) = plan.cursor_sql() else { return plan.select(None) };
        let behind = |from: Option<i64>| {
            let from = from.map(|from| format!("{cursor} > {}", literal(column, from)));
            let finite = column.is_time().then(|| format!("isfinite({cursor})"));
            let both: Vec<String> = from.into_iter().chain(finite).collect();
            (!both.is_empty()).then(|| both.join(" and "))
        };
        match self {
            Page::Whole => plan.select(None),
            Page::Behind(from) => plan.select(behind(from).as_deref()),
            Page::Next(from) => format!(
                "{} order by {cursor} fetch first {PAGE_ROWS} rows with ties",
                // NULLs come last, and would be read again with every page.
                plan.select(Some(&behind(from).unwrap_or(format!("{cursor} is not null"))))
            ),
            Page::WithoutCursor => {
                let infinite = match column.is_time() {
                    true => format!(" or not isfinite({cursor})"),
                    false => String::new(),
                };
                plan.select(Some(&format!("{cursor} is null{infinite}")))
            }
            Page::Late { until, age } => {
                let back = if column.is_time() { LOOK_BACK_US } else { LOOK_BACK_STEPS };
                let from = until.saturating_sub(back);
                let age = age.saturating_add(SLACK).clamp(0, i64::from(i32::MAX));
                plan.select(Some(&format!(
                    "{cursor} > {} and {cursor} <= {} and age(xmin) <= {age}",
                    literal(column, from),
                    literal(column, until)
                )))
            }
        }
    }

    /// Whether another page may follow one of so many rows.
    pub fn is_full(self, rows: u64) -> bool {
        matches!(self, Page::Next(_)) && rows >= PAGE_ROWS
    }
}

/// A value of the cursor as SQL. µs of times that have days only count as their day.
fn literal(column: &Column, value: i64) -> String {
    if column.is_whole_number() {
        return value.to_string();
    }
    let time = DateTime::from_timestamp_micros(value).unwrap_or(match value < 0 {
        true => DateTime::UNIX_EPOCH,
        false => DateTime::<chrono::Utc>::MAX_UTC,
    });
    match column.form {
        Form::Date => format!("date '{}'", time.format("%Y-%m-%d")),
        Form::Timestamp => format!("timestamp '{}'", time.format("%Y-%m-%d %H:%M:%S%.6f")),
        _ => format!("timestamptz '{}+00'", time.format("%Y-%m-%d %H:%M:%S%.6f")),
    }
}
