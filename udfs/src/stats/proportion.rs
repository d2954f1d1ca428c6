//! Confidence intervals of one rate: `x` successes in `n` trials.

use super::distribution::{beta_quantile, two_sided_z};

/// An interval of confidence or credibility, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub lo: f64,
    pub hi: f64,
}

/// x, n as numbers; `None` if there is nothing to estimate a rate from.
pub(super) fn counts(x: u64, n: u64) -> Option<(f64, f64)> {
    (n > 0 && x <= n).then_some((x as f64, n as f64))
}

/// Wilson's score interval (1927); `conf` is two-sided, for example 0.95.
pub fn wilson(x: u64, n: u64, conf: f64) -> Option<Interval> {
    let (xs, ns) = counts(x, n)?;
    let z = two_sided_z(conf)?;
    let rate = xs / ns;
    let shrink = 1.0 + z * z / ns;
    let centre = (rate + z * z / (2.0 * ns)) / shrink;
    let half = z * (rate * (1.0 - rate) / ns + z * z / (4.0 * ns * ns)).sqrt() / shrink;
    // At the ends the bound is exactly 0 or 1; rounding must not say otherwise.
    let lo = if x == 0 { 0.0 } else { (centre - half).max(0.0) };
    let hi = if x == n { 1.0 } else { (centre + half).min(1.0) };
    Some(Interval { lo, hi })
}

/// The exact interval of Clopper and Pearson (1934): 0 of n has lo 0, n of n has hi 1.
pub fn clopper_pearson(x: u64, n: u64, conf: f64) -> Option<Interval> {
    let (xs, ns) = counts(x, n)?;
    two_sided_z(conf)?;
    let tail = (1.0 - conf) / 2.0;
    let lo = if x == 0 { 0.0 } else { beta_quantile(xs, ns - xs + 1.0, tail)? };
    let hi = if x == n { 1.0 } else { beta_quantile(xs + 1.0, ns - xs, 1.0 - tail)? };
    Some(Interval { lo, hi })
}

/// Equal-tailed interval of the Jeffreys posterior Beta(x + ½, n − x + ½), ends not clamped.
pub fn jeffreys(x: u64, n: u64, conf: f64) -> Option<Interval> {
    let (xs, ns) = counts(x, n)?;
    two_sided_z(conf)?;
    let tail = (1.0 - conf) / 2.0;
    Some(Interval {
        lo: beta_quantile(xs + 0.5, ns - xs + 0.5, tail)?,
        hi: beta_quantile(xs + 0.5, ns - xs + 0.5, 1.0 - tail)?,
    })
}

/// One-sided lower bound under Jeffreys: the rate is above it with probability `conf`.
pub fn jeffreys_lower(x: u64, n: u64, conf: f64) -> Option<f64> {
    let (xs, ns) = counts(x, n)?;
    two_sided_z(conf)?;
    beta_quantile(xs + 0.5, ns - xs + 0.5, 1.0 - conf)
}

/// Agresti and Coull's adjusted Wald interval (1998), cut to [0, 1].
pub fn agresti_coull(x: u64, n: u64, conf: f64) -> Option<Interval> {
    let (xs, ns) = counts(x, n)?;
    let z = two_sided_z(conf)?;
    let trials = ns + z * z;
    let rate = (xs + z * z / 2.0) / trials;
    let half = z * (rate * (1.0 - rate) / trials).sqrt();
    Some(Interval { lo: (rate - half).max(0.0), hi: (rate + half).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_estimated_from_impossible_counts_or_levels() {
        for interval in [wilson, clopper_pearson, jeffreys, agresti_coull] {
            assert_eq!(interval(0, 0, 0.95), None);
            assert_eq!(interval(3, 2, 0.95), None);
            for conf in [0.0, 1.0, -0.5, 1.5, f64::NAN] {
                assert_eq!(interval(1, 2, conf), None);
            }
        }
        assert_eq!(jeffreys_lower(0, 0, 0.95), None);
        assert_eq!(jeffreys_lower(2, 1, 0.95), None);
        assert_eq!(jeffreys_lower(1, 2, 1.0), None);
    }

    #[test]
    fn the_largest_counts_still_have_an_interval() {
        let wide = u64::MAX;
        for interval in [wilson, clopper_pearson, jeffreys, agresti_coull] {
            let found = interval(wide / 2, wide, 0.95).unwrap();
            assert!(found.lo <= 0.5 && found.hi >= 0.499_999, "{found:?}");
        }
    }
}
