//! Comparison of two rates by their Jeffreys posteriors.

use std::f64::consts::FRAC_PI_2;

use crate::stats::beta;
use crate::stats::proportion::counts;
use crate::stats::quadrature::integrate;

/// P(p1 > p2) when both rates have independent posteriors Beta(x + ½, n − x + ½).
pub fn prob_greater(x1: u64, n1: u64, x2: u64, n2: u64) -> Option<f64> {
    let first = Posterior::new(x1, n1)?;
    let second = Posterior::new(x2, n2)?;
    // The density of the larger arm is the narrower one: on its scale the other cdf is smooth.
    let probability = if n1 >= n2 {
        first.expectation(|x, y| beta::cdf(second.a, second.b, x, y))
    } else {
        second.expectation(|x, y| beta::cdf(first.b, first.a, y, x))
    };
    Some(probability.clamp(0.0, 1.0))
}

struct Posterior {
    a: f64,
    b: f64,
}

impl Posterior {
    fn new(x: u64, n: u64) -> Option<Self> {
        let (x, n) = counts(x, n)?;
        Some(Self { a: x + 0.5, b: n - x + 0.5 })
    }

    /// E f(p, 1 − p), integrated over θ with p = sin²θ where the density is not negligible.
    fn expectation(&self, f: impl Fn(f64, f64) -> f64) -> f64 {
        let Self { a, b } = *self;
        let mode = (a - 0.5).sqrt().atan2((b - 0.5).sqrt());
        let reach = beta::reach(a, b);
        let weighted = |angle: f64| {
            let (sin, cos) = angle.sin_cos();
            beta::angle_density(a, b, angle) * f(sin * sin, cos * cos)
        };
        integrate(weighted, (mode - reach).max(0.0), (mode + reach).min(FRAC_PI_2), 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_arms_match_the_integral_in_30_digits() {
        let cases = [
            ([2, 5, 2, 3], 0.236_500_591_619_672_7),
            ([0, 10, 5, 10], 0.002_596_250_966_853_630_6),
            ([10, 10, 0, 20], 0.999_999_999_290_042_2),
            ([2, 1000, 9, 1000], 0.014_648_624_585_039_577),
        ];
        for ([x1, n1, x2, n2], expected) in cases {
            let p = prob_greater(x1, n1, x2, n2).unwrap();
            assert!((p - expected).abs() < 1e-13, "{p:.17} instead of {expected}");
        }
    }

    #[test]
    fn the_two_directions_add_up_to_one() {
        let arms = [(0, 1), (1, 1), (3, 40), (512, 1000), (0, 200_000), (123_456, 1_000_000)];
        for (x1, n1) in arms {
            for (x2, n2) in arms {
                let forward = prob_greater(x1, n1, x2, n2).unwrap();
                let backward = prob_greater(x2, n2, x1, n1).unwrap();
                let gap = (forward + backward - 1.0).abs();
                assert!(gap < 1e-11, "{x1}/{n1} against {x2}/{n2}: {forward} + {backward}");
            }
        }
    }

    #[test]
    fn large_arms_approach_the_normal_comparison() {
        let p = prob_greater(500_600, 1_000_000, 500_000, 1_000_000).unwrap();
        assert!((p - 0.801_9).abs() < 2e-4, "{p}");
    }

    #[test]
    fn an_empty_arm_has_no_posterior() {
        assert_eq!(prob_greater(0, 0, 1, 2), None);
        assert_eq!(prob_greater(1, 2, 3, 2), None);
    }
}
