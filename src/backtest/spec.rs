//! What is asked: one hypothesis with its windows, gates and claim.

pub use crate::library::{RateClaim, RateOp};

/// A hypothesis as it is put to the data. Lengths of time are microseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    pub name: String,
    /// The claim, as its author wrote it.
    pub statement: String,
    /// The file it was read from.
    pub path: Option<String>,
    pub sql_hash: String,
    pub population: String,
    pub outcome: String,
    pub window_us: i64,
    pub horizon_us: i64,
    /// What the strata are made of, for example `product`; `None` if there is one stratum only.
    pub strata: Option<String>,
    /// Time that parts train from test; `None`: the 70th percentile of trial starts.
    pub split_at: Option<i64>,
    /// Smallest useful difference, absolute; `None`: a quarter of the control rate or of its rest.
    pub delta_min: Option<f64>,
    pub gates: Gates,
    /// Lowest confidence of an identity link that was accepted.
    pub min_identity_confidence: f64,
    pub expect: Option<RateClaim>,
    /// Name under which a validated hypothesis emits signals.
    pub signal: Option<String>,
}

/// The sizes below which no verdict is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gates {
    /// Rows in each pooled arm, and in each train arm.
    pub min_arm: u64,
    /// Conversions in both pooled arms together.
    pub min_events: u64,
    /// Rows in each test arm.
    pub min_oos_arm: u64,
    /// Exposed test rows from which confidence is taken from the test window.
    pub min_oos_n: u64,
}

impl Default for Gates {
    fn default() -> Self {
        Self { min_arm: 20, min_events: 10, min_oos_arm: 10, min_oos_n: 20 }
    }
}
