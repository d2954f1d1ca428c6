//! Size and power of a two-arm test of rates (Fleiss, without continuity correction).

use crate::stats::distribution::{normal_cdf, normal_quantile, two_sided_z};

/// Rows needed in the first arm, not rounded, to tell p1 from p2 in a two-sided test.
///
/// `ratio` = n2 / n1. The far tail is ignored. `None` if p1 = p2, if a rate is not in [0, 1), or
/// unless 0 < alpha < 1 and alpha/2 < power < 1.
pub fn required_n(p1: f64, p2: f64, power: f64, alpha: f64, ratio: f64) -> Option<f64> {
    let plan = Plan::new(p1, p2, ratio)?;
    if p1 == p2 || power <= alpha / 2.0 {
        return None;
    }
    let z = two_sided_z(1.0 - alpha)? * plan.null_error
        + normal_quantile(power)? * plan.alternative_error;
    Some((z / (p1 - p2)).powi(2))
}

/// Probability that a two-sided test at level `alpha` with n1 and n2 rows tells p1 from p2.
///
/// `None` for an empty arm, for a rate outside [0, 1), or unless 0 < alpha < 1.
pub fn power(p1: f64, p2: f64, n1: u64, n2: u64, alpha: f64) -> Option<f64> {
    if n1 == 0 || n2 == 0 {
        return None;
    }
    let plan = Plan::new(p1, p2, n2 as f64 / n1 as f64)?;
    if plan.alternative_error == 0.0 {
        return None;
    }
    let critical = two_sided_z(1.0 - alpha)? * plan.null_error / plan.alternative_error;
    let shift = (p1 - p2) * (n1 as f64).sqrt() / plan.alternative_error;
    Some(normal_cdf(shift - critical) + normal_cdf(-shift - critical))
}

/// Standard errors of p1 − p2 for one row in the first arm.
struct Plan {
    null_error: f64,
    alternative_error: f64,
}

impl Plan {
    fn new(p1: f64, p2: f64, ratio: f64) -> Option<Self> {
        let is_rate = |p: f64| (0.0..1.0).contains(&p);
        let is_defined = is_rate(p1) && is_rate(p2) && ratio > 0.0 && ratio.is_finite();
        if !is_defined {
            return None;
        }
        let pooled = (p1 + ratio * p2) / (1.0 + ratio);
        let null = (1.0 + 1.0 / ratio) * pooled * (1.0 - pooled);
        let alternative = p1 * (1.0 - p1) + p2 * (1.0 - p2) / ratio;
        Some(Self { null_error: null.sqrt(), alternative_error: alternative.sqrt() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_needs_a_difference_and_rates_below_one() {
        assert_eq!(required_n(0.3, 0.3, 0.8, 0.05, 1.0), None);
        assert_eq!(required_n(0.9, 1.0, 0.8, 0.05, 1.0), None);
        assert_eq!(required_n(0.3, 0.4, 1.0, 0.05, 1.0), None);
        assert_eq!(required_n(0.3, 0.4, 0.8, 0.0, 1.0), None);
        assert_eq!(required_n(0.3, 0.4, 0.8, 0.05, 0.0), None);
        assert_eq!(required_n(f64::NAN, 0.4, 0.8, 0.05, 1.0), None);
        assert_eq!(power(0.3, 0.4, 0, 10, 0.05), None);
        assert_eq!(power(0.0, 0.0, 10, 10, 0.05), None);
    }

    #[test]
    fn the_required_size_has_the_power_asked_for() {
        let n = required_n(0.12, 0.2, 0.8, 0.05, 1.0).unwrap().ceil() as u64;
        let reached = power(0.12, 0.2, n, n, 0.05).unwrap();
        assert!((0.8..0.802).contains(&reached), "{reached}");
    }
}
