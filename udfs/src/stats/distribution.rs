//! Quantiles and tail areas of the normal, χ² and beta distributions.

use std::f64::consts::SQRT_2;

use statrs::function::erf::{erfc, erfc_inv};
use statrs::function::gamma::checked_gamma_ur;

use super::beta;

/// The standard normal z with P(Z ≤ z) = q; `None` unless 0 < q < 1.
pub fn normal_quantile(q: f64) -> Option<f64> {
    (q > 0.0 && q < 1.0).then(|| -SQRT_2 * erfc_inv(2.0 * q))
}

/// P(Z ≤ z) of the standard normal distribution.
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * erfc(-z / SQRT_2)
}

/// P(|Z| ≥ |z|) of the standard normal distribution.
pub fn normal_two_sided(z: f64) -> f64 {
    erfc(z.abs() / SQRT_2)
}

/// P(X ≥ x) of the χ² distribution with `df` degrees of freedom; `None` for df = 0 or x < 0.
pub fn chi_squared_upper(x: f64, df: u64) -> Option<f64> {
    if df == 0 || x.is_nan() || x < 0.0 {
        return None;
    }
    if x == 0.0 {
        return Some(1.0);
    }
    checked_gamma_ur(df as f64 / 2.0, x / 2.0).ok()
}

/// The x with P(B ≤ x) = q of Beta(a, b); `None` unless a, b ≥ ½ and 0 ≤ q ≤ 1.
pub fn beta_quantile(a: f64, b: f64, q: f64) -> Option<f64> {
    let is_defined = (0.5..f64::INFINITY).contains(&a)
        && (0.5..f64::INFINITY).contains(&b)
        && (0.0..=1.0).contains(&q);
    is_defined.then(|| beta::quantile(a, b, q))
}

/// The z of a two-sided interval; `None` unless 0 < conf < 1.
pub(super) fn two_sided_z(conf: f64) -> Option<f64> {
    (conf > 0.0 && conf < 1.0).then(|| SQRT_2 * erfc_inv(1.0 - conf))
}
