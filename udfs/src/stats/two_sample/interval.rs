//! Interval estimates of the difference and the ratio of two rates.

use crate::stats::distribution::two_sided_z;
use crate::stats::proportion::{counts, wilson};

/// A point estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    pub value: f64,
    pub lo: f64,
    pub hi: f64,
}

/// p1 − p2 with Newcombe's hybrid of two Wilson intervals (1998, method 10, no correction).
pub fn newcombe_diff(x1: u64, n1: u64, x2: u64, n2: u64, conf: f64) -> Option<Estimate> {
    let (first, second) = (wilson(x1, n1, conf)?, wilson(x2, n2, conf)?);
    let (p1, p2) = (x1 as f64 / n1 as f64, x2 as f64 / n2 as f64);
    let value = p1 - p2;
    let lo = value - (p1 - first.lo).hypot(second.hi - p2);
    let hi = value + (first.hi - p1).hypot(p2 - second.lo);
    Some(Estimate { value, lo, hi })
}

/// p1 / p2 alone: 0 if only x1 is 0, `None` if x2 is 0.
pub fn rate_ratio(x1: u64, n1: u64, x2: u64, n2: u64) -> Option<f64> {
    let (x1, n1) = counts(x1, n1)?;
    let (x2, n2) = counts(x2, n2)?;
    (x2 > 0.0).then(|| (x1 / n1) / (x2 / n2))
}

/// p1 / p2 with the log interval of Katz et al. (1978); `None` if x1 or x2 is 0.
pub fn katz_ratio(x1: u64, n1: u64, x2: u64, n2: u64, conf: f64) -> Option<Estimate> {
    let value = rate_ratio(x1, n1, x2, n2).filter(|ratio| *ratio > 0.0)?;
    log_interval(value, [x1, n1, x2, n2].map(|count| count as f64), conf)
}

/// As [`katz_ratio`] with ½ added to every count: defined at zero successes too.
pub fn katz_ratio_adjusted(x1: u64, n1: u64, x2: u64, n2: u64, conf: f64) -> Option<Estimate> {
    counts(x1, n1)?;
    counts(x2, n2)?;
    let [x1, n1, x2, n2] = [x1, n1, x2, n2].map(|count| count as f64 + 0.5);
    log_interval((x1 / n1) / (x2 / n2), [x1, n1, x2, n2], conf)
}

fn log_interval(value: f64, [x1, n1, x2, n2]: [f64; 4], conf: f64) -> Option<Estimate> {
    // Rounding can leave a variance of −ε where both rates are 1.
    let variance = (1.0 / x1 - 1.0 / n1 + 1.0 / x2 - 1.0 / n2).max(0.0);
    let factor = (two_sided_z(conf)? * variance.sqrt()).exp();
    Some(Estimate { value, lo: value / factor, hi: value * factor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_arm_has_no_comparison() {
        for estimate in [newcombe_diff, katz_ratio, katz_ratio_adjusted] {
            assert_eq!(estimate(0, 0, 1, 2, 0.95), None);
            assert_eq!(estimate(1, 2, 0, 0, 0.95), None);
            assert_eq!(estimate(3, 2, 1, 2, 0.95), None);
            assert_eq!(estimate(1, 2, 1, 2, 1.0), None);
        }
        assert_eq!(rate_ratio(1, 2, 0, 0), None);
    }
}
