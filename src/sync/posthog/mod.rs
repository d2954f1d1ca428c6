//! PostHog over the wire: its exports on demand, or its query API where those are not to be had.
//! What comes is a file like those that people export by hand, and lands in the same way.

pub mod api;
mod download;
mod export;
mod groups;
mod position;
pub mod pull;
mod query;
mod report;
mod settings;
mod slices;

pub use position::complete_through;
pub use report::{Report, Way};
pub use settings::{DATA, DEFAULT_HOST, Datum, Settings};
