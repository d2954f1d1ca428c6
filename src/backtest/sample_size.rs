//! How many trials it takes: required arms, and the pace at which trials come in.

use paydirt_udfs::stats::two_sample::required_n;

use super::pair::Pair;
use super::row::TrialRow;

const POWER: f64 = 0.8;
const ALPHA: f64 = 0.05;
/// Mean length of a month in microseconds: 365.25 days over 12.
const MONTH_US: f64 = 365.25 / 12.0 * 86_400e6;

/// Rows each arm needs so that a two-arm test shows the difference in four cases of five.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RequiredN {
    pub p_control: f64,
    pub p_exposed: f64,
    pub n_per_arm: u64,
}

impl RequiredN {
    /// For the pooled control rate plus `delta`; `None` if that is no probability.
    pub fn for_delta(pooled: &Pair, delta: Option<f64>) -> Option<Self> {
        let (p_control, delta) = (pooled.control.rate()?, delta?);
        Self::between(p_control, p_control + delta)
    }

    /// For the rates as observed; `None` if the exposed rate is not the higher one.
    pub fn for_observed(pooled: &Pair) -> Option<Self> {
        Self::between(pooled.control.rate()?, pooled.exposed.rate()?)
    }

    fn between(p_control: f64, p_exposed: f64) -> Option<Self> {
        if p_exposed <= p_control {
            return None;
        }
        let n = required_n(p_exposed, p_control, POWER, ALPHA, 1.0)?;
        Some(Self { p_control, p_exposed, n_per_arm: n.ceil() as u64 })
    }
}

/// How fast comparable trials come in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    pub trials_per_month: f64,
    /// Share of them that is exposed.
    pub exposed_share: f64,
}

impl Pace {
    /// Trials of the landmark population per month, from the first start to the last.
    pub fn of(population: &[&TrialRow]) -> Option<Self> {
        let first = population.iter().map(|row| row.t0).min()?;
        let last = population.iter().map(|row| row.t0).max()?;
        // Less than a month of data says nothing about a faster pace than "all of it in a month".
        let months = ((last - first) as f64 / MONTH_US).max(1.0);
        let n = population.len() as f64;
        let exposed = population.iter().filter(|row| row.is_exposed()).count() as f64;
        Some(Self { trials_per_month: n / months, exposed_share: exposed / n })
    }

    /// Further months until both arms hold `n_per_arm`; `None` if one arm never fills.
    pub fn months_until(&self, n_per_arm: u64, pooled: &Pair) -> Option<f64> {
        let months = |have: u64, share: f64| {
            let missing = n_per_arm.saturating_sub(have) as f64;
            (missing == 0.0 || share > 0.0).then(|| {
                if missing == 0.0 { 0.0 } else { missing / (self.trials_per_month * share) }
            })
        };
        let exposed = months(pooled.exposed.n, self.exposed_share)?;
        let control = months(pooled.control.n, 1.0 - self.exposed_share)?;
        Some(exposed.max(control))
    }
}
