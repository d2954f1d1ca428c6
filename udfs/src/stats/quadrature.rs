//! Composite Gauss–Legendre integration of smooth functions.

use std::sync::LazyLock;

const POINTS: usize = 20;

/// (node, weight) pairs on [−1, 1], the positive half; the rule is symmetric.
static RULE: LazyLock<Vec<(f64, f64)>> =
    LazyLock::new(|| (1..=POINTS / 2).map(|i| node(POINTS, i)).collect());

/// The i-th root of the Legendre polynomial of degree n, by Newton, and its weight.
fn node(n: usize, i: usize) -> (f64, f64) {
    let mut x = (std::f64::consts::PI * (i as f64 - 0.25) / (n as f64 + 0.5)).cos();
    let mut slope = 1.0;
    // Quadratic convergence from a start this close needs four rounds.
    for _ in 0..8 {
        let (mut previous, mut current) = (1.0, x);
        for k in 2..=n {
            let k = k as f64;
            (previous, current) =
                (current, ((2.0 * k - 1.0) * x * current - (k - 1.0) * previous) / k);
        }
        slope = n as f64 * (x * current - previous) / (x * x - 1.0);
        x -= current / slope;
    }
    (x, 2.0 / ((1.0 - x * x) * slope * slope))
}

/// ∫ f over [lo, hi], cut into `panels` equal panels of 20 points each.
pub(super) fn integrate(f: impl Fn(f64) -> f64, lo: f64, hi: f64, panels: usize) -> f64 {
    let half = 0.5 * (hi - lo) / panels as f64;
    let mut sum = 0.0;
    for panel in 0..panels {
        let centre = lo + half * (2 * panel + 1) as f64;
        for (x, weight) in RULE.iter() {
            sum += weight * (f(centre - half * x) + f(centre + half * x));
        }
    }
    sum * half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrates_polynomials_and_the_bell_curve() {
        assert!((integrate(|x| x.powi(39), 0.0, 1.0, 1) - 1.0 / 40.0).abs() < 1e-15);
        let bell = integrate(|x| (-0.5 * x * x).exp(), -9.0, 9.0, 8);
        assert!((bell - std::f64::consts::TAU.sqrt()).abs() < 1e-13);
    }
}
