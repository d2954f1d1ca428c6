//! The beta distribution for parameters of at least ½, exact up to millions of rows.
//!
//! `statrs` stops its continued fraction after 140 steps, which is too early from about 10^4 rows
//! on; hence a continued fraction of our own, and an integral where even that would take long.

use std::f64::consts::FRAC_PI_2;

use super::distribution::normal_quantile;
use super::quadrature::integrate;
use super::saddle_point::ln_beta_kernel;

/// Above this a + b the fixed cost of the integral is lower than that of the continued fraction.
const LARGE: f64 = 50_000.0;

/// P(B ≤ x) of Beta(a, b), given both x and y = 1 − x.
pub(super) fn cdf(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        0.0
    } else if y <= 0.0 {
        1.0
    } else if x < (a + 1.0) / (a + b + 2.0) {
        lower_tail(a, b, x, y)
    } else {
        1.0 - lower_tail(b, a, y, x)
    }
}

/// The cdf below about the mean, precise in relative terms.
fn lower_tail(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if a + b > LARGE {
        let angle = x.sqrt().atan2(y.sqrt());
        let from = (angle - reach(a, b)).max(0.0);
        integrate(|t| angle_density(a, b, t), from, angle, 8)
    } else {
        ln_beta_kernel(a, b, x, y).exp() / a * continued_fraction(a, b, x)
    }
}

/// Lentz's evaluation of the continued fraction of the incomplete beta function (DLMF 8.17.22).
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |v: f64| if v.abs() < TINY { TINY } else { v };

    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    // Convergence takes of the order of √(a + b) steps, a few hundred below `LARGE`.
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut factor = 1.0;
        for step in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + step * d);
            c = away_from_zero(1.0 + step / c);
            factor = c * d;
            value *= factor;
        }
        if (factor - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// Density of θ where sin²θ has the distribution Beta(a, b), 0 < θ < π/2.
///
/// In θ the density has no poles for a, b ≥ ½ and nearly the same width for every rate.
pub(super) fn angle_density(a: f64, b: f64, angle: f64) -> f64 {
    let (sin, cos) = angle.sin_cos();
    2.0 * ln_beta_kernel(a, b, sin * sin, cos * cos).exp() / (sin * cos)
}

/// How far from the mode, in θ, the density is below e⁻⁴⁰ of its height.
///
/// The second derivative of its logarithm is nowhere above −2 (a + b − 1).
pub(super) fn reach(a: f64, b: f64) -> f64 {
    let curvature = a + b - 1.0;
    if curvature <= 0.0 { FRAC_PI_2 } else { (40.0 / curvature).sqrt() }
}

/// The x with P(B ≤ x) = q, for a, b ≥ ½ and 0 ≤ q ≤ 1: Newton steps kept inside a bracket.
pub(super) fn quantile(a: f64, b: f64, q: f64) -> f64 {
    if q <= 0.0 {
        return 0.0;
    }
    if q >= 1.0 {
        return 1.0;
    }
    let (mut lo, mut hi) = (0.0_f64, FRAC_PI_2);
    let mean = (a / (a + b)).sqrt().asin();
    let start = mean + normal_quantile(q).unwrap_or(0.0) * 0.5 / (a + b).sqrt();
    let mut angle = if start > lo && start < hi { start } else { 0.5 * (lo + mean) };
    for _ in 0..200 {
        let (sin, cos) = angle.sin_cos();
        let error = cdf(a, b, sin * sin, cos * cos) - q;
        if error > 0.0 {
            hi = angle;
        } else {
            lo = angle;
        }
        let newton = angle - error / angle_density(a, b, angle);
        let next = if newton > lo && newton < hi { newton } else { 0.5 * (lo + hi) };
        let is_settled = (next - angle).abs() <= 1e-15 * angle;
        angle = next;
        if is_settled {
            break;
        }
    }
    angle.sin().powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_the_cdf_agree() {
        for (a, b) in [(0.5, 60.5), (20.5, 30.5), (900.5, 7.5), (3000.0, 11_000.0)] {
            for z in [-6.0, -2.0, -0.3, 0.0] {
                let mean: f64 = a / (a + b);
                let angle = (mean.sqrt().asin() + z * 0.5 / f64::sqrt(a + b)).max(1e-3);
                let (sin, cos) = angle.sin_cos();
                let fraction = cdf(a, b, sin * sin, cos * cos);
                let from = (angle - reach(a, b)).max(0.0);
                let integral = integrate(|t| angle_density(a, b, t), from, angle, 8);
                let error = (fraction - integral).abs() / fraction;
                assert!(error < 1e-11, "Beta({a}, {b}) at z = {z}: {fraction} or {integral}");
            }
        }
    }

    #[test]
    fn the_cdf_of_a_quantile_is_its_probability() {
        for (a, b) in [(0.5, 0.5), (0.5, 1e6), (1.0, 1.0), (1e6, 2.5), (123_456.5, 876_544.5)] {
            for q in [1e-12, 0.001, 0.025, 0.5, 0.95, 0.999] {
                let x = quantile(a, b, q);
                let back = cdf(a, b, x, 1.0 - x);
                assert!((back - q).abs() < 1e-9, "Beta({a}, {b}) at {q}: {back}");
            }
        }
    }

    #[test]
    fn no_count_is_too_large() {
        let x = quantile(1e15, 3e15, 0.025);
        assert!((x - 0.25).abs() < 1e-7);
    }
}
