//! The tables of the landed log, as the lake is to keep them.

use crate::lake::TableSpec;
use crate::sync;

/// Every table that a source may land in, named `<schema>/<table>`.
pub fn table_specs() -> Vec<TableSpec> {
    let tables = sync::table_schemas().into_iter();
    tables
        .map(|(name, schema, time_column)| {
            let is_events = name.ends_with("_log/events") && time_column == "occurred_at";
            let sort_by = if is_events { ["event", "occurred_at"] } else { ["id", "observed_at"] };
            TableSpec {
                name: name.to_owned(),
                schema,
                time_column: Some(time_column.to_owned()),
                // An event keeps its time; an object may be observed again at any.
                repeats_within: is_events.then_some(std::time::Duration::ZERO),
                sort_by: sort_by.map(str::to_owned).to_vec(),
            }
        })
        .collect()
}
