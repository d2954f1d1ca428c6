//! The tables of the landed log, as the lake is to keep them.

use std::time::Duration;

use crate::lake::TableSpec;
use crate::sync::{files, watermark};

/// A product event that is sent again may come with a corrected time; an object may be observed
/// again at any.
const CLOCK_CORRECTION: Duration = Duration::from_secs(86_400);

/// Every table that a source may land in, named `<schema>/<table>`.
pub fn table_specs() -> Vec<TableSpec> {
    let tables = files::table_schemas().into_iter();
    tables
        .map(|(name, schema, time_column)| {
            let is_events = name.ends_with("_log/events") && time_column == "occurred_at";
            let sort_by = if is_events { ["event", "occurred_at"] } else { ["id", "observed_at"] };
            TableSpec {
                name: name.to_owned(),
                schema,
                time_column: Some(time_column.to_owned()),
                split_by_time: is_events,
                repeats_within: (name == "posthog_log/events").then_some(CLOCK_CORRECTION),
                sort_by: sort_by.map(str::to_owned).to_vec(),
                marking: watermark::marking(name),
            }
        })
        .collect()
}
