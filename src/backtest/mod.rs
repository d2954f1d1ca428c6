//! From rows to figures to verdict to report. Pure but for [`run`], [`ledger`] and [`partial`], which ask
//! the engine: no SQL, no IO, no clock.
//!
//! [`row`] is what goes in, with [`spec`] (what is asked) and [`context`] (how the run went).
//! [`figures`] computes, [`verdict`] judges, [`report`] holds it all; [`json`] is for programs,
//! [`story`] is for people.

pub mod cohorts;
pub mod context;
pub mod curve;
pub mod document;
pub mod figures;
mod json;
pub mod ladder;
mod leakage;
mod ledger;
pub mod pair;
mod partial;
pub mod read;
pub mod report;
pub mod row;
pub mod run;
pub mod sample_size;
pub mod signals;
pub mod spec;
pub mod split;
mod story;
pub mod table_functions;
pub mod verdict;

#[cfg(test)]
mod tests;

pub use context::Context;
pub use document::Style;
pub use figures::Figures;
pub use partial::partial_lists;
pub use report::Backtest;
pub use row::{Exclusion, TrialRow};
pub use spec::Spec;
pub use verdict::{Ruling, Verdict};
