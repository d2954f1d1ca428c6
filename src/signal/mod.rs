//! What fires now: accounts that show a validated behaviour, still in trial, not yet paying.
//!
//! [`confidence`] is pure; [`list`] asks the engine; [`json`] has the field's known names.

mod confidence;
mod json;
mod list;

use crate::backtest::figures::Confidence;

pub use list::{Listed, list};

/// One account that shows one validated behaviour. Times are µs.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// The name that the hypothesis gives its signals: `trial_about_to_convert`.
    pub signal_type: String,
    pub hypothesis: String,
    pub account_id: String,
    pub email: Option<String>,
    /// Registrable domain of the address; `None` for free mail.
    pub domain: Option<String>,
    pub trial: Trial,
    /// When the behaviour was both there and linked.
    pub signal_at: i64,
    /// Names of the events that are the behaviour, in order of time; empty if the hypothesis gives
    /// no column `event`.
    pub product_events: Vec<String>,
    /// Where the facts are from: `stripe`, `posthog`, `files`.
    pub sources: Vec<String>,
    /// How the events are linked to the account: `e-mail`, `domain`.
    pub link: Option<&'static str>,
    /// How sure that link is, 0 to 1.
    pub link_confidence: Option<f64>,
    /// Lower bound of the probability to convert; `None` where the past does not tell.
    pub confidence: Option<Confidence>,
    pub backtest: Record,
    pub explanation: String,
}

/// The trial that the account is in.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    pub customer_id: String,
    pub subscription_id: String,
    pub status: String,
    pub started_at: i64,
    pub ends_at: i64,
    /// What the plan costs a period, minor units, before discounts.
    pub plan_amount_minor: Option<f64>,
    pub currency: Option<String>,
}

/// What the backtest of the hypothesis found.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub verdict: &'static str,
    pub rate: Option<f64>,
    /// Wilson, 95 %.
    pub interval: Option<(f64, f64)>,
    /// The rate of all trials, with or without the behaviour.
    pub baseline: Option<f64>,
    /// Exposed trials.
    pub n: u64,
    pub as_of: i64,
}
