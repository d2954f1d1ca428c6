//! Files: any path to rows of the landed log.
//!
//! What a file is shows in its content, never in its name: Stripe lists, objects and events,
//! PostHog exports, exports of other tools, product events of any; JSON in every arrangement, CSV, Parquet, and
//! any of them compressed. Files of any size are read in constant memory.

mod ahead;
mod blocks;
mod columnar;
mod delimited;
mod envelope;
mod events;
mod expand;
mod exported;
mod generic;
mod gzip;
mod landing;
mod manifest;
mod mapping;
mod number;
mod open;
mod parallel;
mod posthog;
mod posthog_columns;
mod posthog_latest;
mod posthog_plain;
mod preset;
mod preview;
mod reading;
mod same_name;
mod scan;
mod tally;
mod target;
mod time;
mod time_format;
mod unwrap;
mod zone;

#[cfg(test)]
mod tests;

use arrow::datatypes::SchemaRef;

pub use events::POSTHOG_EVENTS;
pub(in crate::sync) use events::{
    EventRow, EventRows, FILES_EVENTS, POSTGRES_EVENTS, canonical, compact,
};
pub(in crate::sync) use expand::may_be_data;
pub use expand::problem;
pub use expand::{Expanded, expand, hash_file};
pub use landing::{land_file, land_named};
pub(in crate::sync) use manifest::{is_manifest, sort_out};
pub use mapping::FileMapping;
pub(in crate::sync) use number::{EXACT, EXACT_32};
pub use posthog_latest::{PERSONS, POSTHOG_GROUPS};
pub use preset::Preset;
pub use preview::{Preview, preview_file};
pub use target::{TARGETS, Target};
pub use time::TimeUnit;
pub(in crate::sync) use time::{NoTime, Times};
pub use time_format::TimeFormat;
pub use zone::Zone;

use crate::sync::stripe::{RESOURCES, schema};

/// Every table of the landed log: its name, its schema, and the column of its time.
pub fn table_schemas() -> Vec<(&'static str, SchemaRef, &'static str)> {
    let stripe = RESOURCES.iter().map(|resource| (resource.table, schema(resource), "observed_at"));
    let events = [events::POSTHOG_EVENTS, events::FILES_EVENTS, POSTGRES_EVENTS];
    let events = events.map(|table| (table, events::SCHEMA.clone(), "occurred_at"));
    let latest = [
        (PERSONS, posthog_latest::PERSONS_SCHEMA.clone(), "observed_at"),
        (POSTHOG_GROUPS, posthog_latest::GROUPS_SCHEMA.clone(), "observed_at"),
    ];
    stripe.chain(events).chain(latest).collect()
}
