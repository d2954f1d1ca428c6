//! The outcome table: one row per trial spell, as plain data.

/// The rungs of the exclusion ladder. The first rung that fits names the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Exclusion {
    TestMode,
    Internal,
    Retrial,
    PriorPayer,
    Immature,
    ConvertedBeforeLandmark,
    EndedBeforeLandmark,
    Unmatched,
}

impl Exclusion {
    /// Every rung, in the order in which they are tried.
    pub const ALL: [Self; 8] = [
        Self::TestMode,
        Self::Internal,
        Self::Retrial,
        Self::PriorPayer,
        Self::Immature,
        Self::ConvertedBeforeLandmark,
        Self::EndedBeforeLandmark,
        Self::Unmatched,
    ];

    /// The name of the rung in SQL and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TestMode => "test_mode",
            Self::Internal => "internal",
            Self::Retrial => "retrial",
            Self::PriorPayer => "prior_payer",
            Self::Immature => "immature",
            Self::ConvertedBeforeLandmark => "converted_before_landmark",
            Self::EndedBeforeLandmark => "ended_before_landmark",
            Self::Unmatched => "unmatched",
        }
    }

    /// The rung of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rung| rung.as_str() == name)
    }
}

/// One trial spell. All times are microseconds since 1970 UTC.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialRow {
    pub subscription_id: String,
    pub customer_id: String,
    pub account_id: String,
    /// Start of the trial.
    pub t0: i64,
    /// `t0` + window: everyone is classified here.
    pub landmark: i64,
    /// `t0` + horizon: the last moment at which a payment counts.
    pub horizon_end: i64,
    /// `None`: the row is in the landmark population.
    pub exclusion: Option<Exclusion>,
    /// Whether the landmark has passed, nothing was paid by it and a subscription was live at it;
    /// true or false whatever the exclusion.
    pub is_at_risk: bool,
    /// Whether a product event by the landmark is linked to the account, whatever the exclusion.
    pub is_matched: bool,
    /// Whether `horizon_end` had passed by the as-of time.
    pub is_mature: bool,
    /// First moment in the window at which the behaviour was both there and linked.
    pub signal_at: Option<i64>,
    /// When the behaviour itself happened, at or before `signal_at`.
    pub event_at: Option<i64>,
    pub gross_converted_at: Option<i64>,
    pub net_converted_at: Option<i64>,
    pub converting_subscription_id: Option<String>,
    pub converting_invoice_id: Option<String>,
    /// Monthly recurring revenue of the converting invoice, minor units, before discounts.
    pub mrr_list_minor: Option<f64>,
    /// The same after discounts that last.
    pub mrr_net_minor: Option<f64>,
    pub currency: Option<String>,
    pub stratum: String,
    /// Start of the first gap of 30 days or more without a live subscription after the landmark;
    /// `None` if there is none, or if it is too close to the as-of time to tell.
    pub lost_at: Option<i64>,
}

impl TrialRow {
    /// Whether the behaviour was shown in the window.
    pub fn is_exposed(&self) -> bool {
        self.signal_at.is_some()
    }

    /// Whether the account paid (net) within the horizon; `None` while the row is immature.
    pub fn converted(&self) -> Option<bool> {
        self.is_mature.then(|| self.net_converted_at.is_some_and(|at| at <= self.horizon_end))
    }

    /// Whether there was a payment after the landmark and within the horizon, refunded or not.
    pub fn gross_converted_in_horizon(&self) -> bool {
        self.gross_converted_at.is_some_and(|at| at > self.landmark && at <= self.horizon_end)
    }

    /// Whether the row is in the landmark population.
    pub fn is_in_analysis(&self) -> bool {
        self.exclusion.is_none()
    }

    /// Whether the row would be in the landmark population but for its missing maturity.
    pub fn is_running(&self) -> bool {
        self.exclusion == Some(Exclusion::Immature) && self.is_at_risk && self.is_matched
    }
}
