//! The Kaplan–Meier estimate of survival.

use super::{Leaving, ascending, by_time, log_minus_log};
use crate::stats::distribution::two_sided_z;
use crate::stats::two_sample::Estimate;

/// Survival from one observed time up to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurvivalPoint {
    pub time: f64,
    /// Rows still under observation just before `time`.
    pub at_risk: u64,
    pub events: u64,
    /// P(T > time) with its exponential Greenwood interval.
    pub survival: Estimate,
}

/// A step function, one point per distinct observed time, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct SurvivalCurve {
    pub points: Vec<SurvivalPoint>,
}

impl SurvivalCurve {
    /// Survival at any time: 1 before the first point, flat after the last.
    pub fn at(&self, time: f64) -> Estimate {
        let reached = self.points.partition_point(|point| point.time <= time);
        match reached.checked_sub(1) {
            Some(last) => self.points[last].survival,
            None => Estimate { value: 1.0, lo: 1.0, hi: 1.0 },
        }
    }

    /// The first time at which survival is ½ or less; `None` if it stays above.
    pub fn median(&self) -> Option<f64> {
        let half = 0.5 + 1e-12;
        self.points.iter().find(|point| point.survival.value <= half).map(|point| point.time)
    }
}

/// Survival of (time, is_event) rows; `None` without rows or unless 0 < conf < 1.
pub fn kaplan_meier(rows: &[(f64, bool)], conf: f64) -> Option<SurvivalCurve> {
    let z = two_sided_z(conf)?;
    let sorted = ascending(rows);
    let mut survival = 1.0;
    let mut greenwood = 0.0;
    let points: Vec<_> = by_time(&sorted)
        .map(|Leaving { time, at_risk, rows }| {
            let events = rows.iter().filter(|(_, is_event)| *is_event).count();
            let (n, d) = (at_risk as f64, events as f64);
            survival *= 1.0 - d / n;
            // At d = n survival is 0, whose interval needs no variance.
            if events < at_risk {
                greenwood += d / (n * (n - d));
            }
            let variance = survival * survival * greenwood;
            SurvivalPoint {
                time,
                at_risk: at_risk as u64,
                events: events as u64,
                survival: log_minus_log(survival, variance, z),
            }
        })
        .collect();
    (!points.is_empty()).then_some(SurvivalCurve { points })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rows_no_curve() {
        assert_eq!(kaplan_meier(&[], 0.95), None);
        assert_eq!(kaplan_meier(&[(f64::NAN, true)], 0.95), None);
        assert_eq!(kaplan_meier(&[(1.0, true)], 1.0), None);
    }
}
