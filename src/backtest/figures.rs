//! Every figure of a backtest that follows from its rows alone.

use std::collections::BTreeMap;

use paydirt_udfs::stats::classification;
use paydirt_udfs::stats::proportion::jeffreys_lower;
use paydirt_udfs::stats::quantile::quantile;

use super::cohorts::{Cohort, cohorts};
use super::curve::Curves;
use super::ladder::Ladder;
use super::pair::{Arm, CONFIDENCE, Pair};
use super::row::{Exclusion, TrialRow};
use super::sample_size::{Pace, RequiredN};
use super::spec::{Gates, Spec};
use super::split::Split;

const DAY_US: f64 = 86_400e6;

/// The figures of one hypothesis over one outcome table.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The landmark population: train, embargo and test together.
    pub pooled: Pair,
    pub split: Split,
    /// Smallest useful difference, absolute; `None` without a control rate to take it from.
    pub delta: Option<f64>,
    pub confidence: Option<Confidence>,
    pub lead_time: LeadTime,
    pub coverage: Coverage,
    /// Monthly recurring revenue of exposed net converters, per currency.
    pub mrr_won: BTreeMap<String, MrrWon>,
    pub required_for_delta: Option<RequiredN>,
    pub required_for_observed: Option<RequiredN>,
    pub pace: Option<Pace>,
    pub ladder: Ladder,
    pub cohorts: Vec<Cohort>,
    pub curves: Curves,
    pub late_payments: LatePayments,
    /// Exposed rows whose link to the account came after the behaviour itself.
    pub linked_later: u64,
}

/// Lower bound of P(conversion | signal), one-sided 95 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confidence {
    pub value: f64,
    pub basis: Basis,
    pub x: u64,
    pub n: u64,
}

/// The rows a confidence was estimated on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    OutOfSample,
    Pooled,
    /// Exposed accounts of the test window, from their signal on.
    BeforeLandmark,
}

impl Basis {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutOfSample => "out_of_sample",
            Self::Pooled => "pooled",
            Self::BeforeLandmark => "before_landmark",
        }
    }
}

/// Days from the signal to the payment, over exposed converters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeadTime {
    pub n: u64,
    pub p25: Option<f64>,
    pub median: Option<f64>,
    pub p75: Option<f64>,
}

/// How many of the rows that could be compared have a product identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    pub matched: u64,
    pub eligible_at_risk: u64,
}

impl Coverage {
    pub fn rate(&self) -> Option<f64> {
        share(self.matched, self.eligible_at_risk)
    }
}

/// Sums in minor units; `None` if a part is not known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MrrWon {
    pub list: Option<f64>,
    pub net: Option<f64>,
}

/// First qualifying payments of the landmark population, and those that came after the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatePayments {
    pub paid: u64,
    pub after_horizon: u64,
}

impl LatePayments {
    pub fn share(&self) -> Option<f64> {
        share(self.after_horizon, self.paid)
    }
}

impl Figures {
    /// The same question with the split and the smallest useful difference that these figures
    /// have, for figures of other rows.
    pub fn held(&self, spec: &Spec) -> Spec {
        Spec { split_at: self.split.at, delta_min: self.delta, ..spec.clone() }
    }

    /// Computes everything from the rows. `as_of` (µs) only censors the curves.
    pub fn of(spec: &Spec, rows: &[TrialRow], as_of: i64) -> Self {
        let population: Vec<&TrialRow> = rows.iter().filter(|row| row.is_in_analysis()).collect();
        let ladder = Ladder::of(rows);
        let pooled = Pair::of(population.iter().copied());
        let split = Split::of(&population, spec.split_at);
        let delta = spec.delta_min.or_else(|| default_delta(&split.train, &pooled));
        Self {
            confidence: Confidence::of(&split.test, &pooled, &spec.gates),
            lead_time: LeadTime::of(&population),
            coverage: Coverage {
                matched: ladder.in_analysis,
                eligible_at_risk: ladder.in_analysis + ladder.at(Exclusion::Unmatched),
            },
            mrr_won: mrr_won(&population),
            required_for_delta: RequiredN::for_delta(&pooled, delta),
            required_for_observed: RequiredN::for_observed(&pooled),
            pace: Pace::of(&population),
            cohorts: cohorts(&population),
            curves: Curves::of(rows, as_of),
            late_payments: late_payments(&population),
            linked_later: population.iter().filter(|row| is_linked_later(row)).count() as u64,
            ladder,
            pooled,
            split,
            delta,
        }
    }

    /// Share of exposed rows that converted.
    pub fn precision(&self) -> Option<f64> {
        let Arm { n, converted, .. } = self.pooled.exposed;
        classification::precision(converted, n - converted)
    }

    /// Share of converted rows that were exposed.
    pub fn recall(&self) -> Option<f64> {
        classification::recall(self.pooled.exposed.converted, self.pooled.control.converted)
    }

    /// Harmonic mean of precision and recall.
    pub fn f1(&self) -> Option<f64> {
        let Arm { n, converted, .. } = self.pooled.exposed;
        classification::f1(converted, n - converted, self.pooled.control.converted)
    }

    /// Share of the landmark population that is exposed.
    pub fn signal_rate(&self) -> Option<f64> {
        share(self.pooled.exposed.n, self.pooled.n())
    }

    /// The p of this hypothesis for its family.
    pub fn train_p(&self) -> Option<f64> {
        self.split.train.p()
    }
}

impl Confidence {
    /// From the test window if that holds enough exposed rows, else pooled.
    pub fn of(test: &Pair, pooled: &Pair, gates: &Gates) -> Option<Self> {
        let (arm, basis) = if test.exposed.n >= gates.min_oos_n {
            (test.exposed, Basis::OutOfSample)
        } else {
            (pooled.exposed, Basis::Pooled)
        };
        let value = jeffreys_lower(arm.converted, arm.n, CONFIDENCE)?;
        Some(Self { value, basis, x: arm.converted, n: arm.n })
    }
}

impl LeadTime {
    fn of(population: &[&TrialRow]) -> Self {
        let days: Vec<f64> = exposed_converters(population)
            .filter_map(|row| Some((row.net_converted_at? - row.signal_at?) as f64 / DAY_US))
            .collect();
        Self {
            n: days.len() as u64,
            p25: quantile(&days, 0.25),
            median: quantile(&days, 0.5),
            p75: quantile(&days, 0.75),
        }
    }
}

/// A quarter of the control rate, or of what is left of it; train, or pooled if train has none.
pub(super) fn default_delta(train: &Pair, pooled: &Pair) -> Option<f64> {
    let p0 = train.control.rate().or_else(|| pooled.control.rate())?;
    Some((0.25 * p0).min(0.25 * (1.0 - p0)))
}

fn exposed_converters<'a>(
    population: &'a [&'a TrialRow],
) -> impl Iterator<Item = &'a TrialRow> + 'a {
    population.iter().copied().filter(|row| row.is_exposed() && row.converted() == Some(true))
}

fn mrr_won(population: &[&TrialRow]) -> BTreeMap<String, MrrWon> {
    let mut won: BTreeMap<String, MrrWon> = BTreeMap::new();
    for row in exposed_converters(population) {
        let Some(currency) = &row.currency else { continue };
        let nothing = MrrWon { list: Some(0.0), net: Some(0.0) };
        let sum = won.entry(currency.clone()).or_insert(nothing);
        let plus = |sum: Option<f64>, part: Option<f64>| Some(sum? + part?);
        sum.list = plus(sum.list, row.mrr_list_minor);
        sum.net = plus(sum.net, row.mrr_net_minor);
    }
    won
}

fn late_payments(population: &[&TrialRow]) -> LatePayments {
    let paid = population.iter().filter_map(|row| Some((row.gross_converted_at?, row.horizon_end)));
    LatePayments {
        paid: paid.clone().count() as u64,
        after_horizon: paid.filter(|(at, end)| at > end).count() as u64,
    }
}

fn is_linked_later(row: &TrialRow) -> bool {
    matches!((row.event_at, row.signal_at), (Some(event), Some(signal)) if signal > event)
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
