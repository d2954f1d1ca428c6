//! Stirling remainders and deviances: densities to full precision however large the counts are.
//!
//! Differences of log-gammas lose nine digits at 10^6 rows; Loader's form ("Fast and accurate
//! computation of binomial probabilities", 2000) has no large terms to cancel.

use statrs::function::gamma::ln_gamma;

const HALF_LN_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// ln Γ(z) − [(z − ½) ln z − z + ½ ln 2π] for z > 0.
pub(super) fn stirling_remainder(z: f64) -> f64 {
    if z < 16.0 {
        return ln_gamma(z) - ((z - 0.5) * z.ln() - z + HALF_LN_TWO_PI);
    }
    let w = 1.0 / (z * z);
    let series = 1.0 / 1260.0 - w * (1.0 / 1680.0 - w / 1188.0);
    (1.0 / 12.0 - w * (1.0 / 360.0 - w * series)) / z
}

/// x ln(x / mean) + mean − x, for x ≥ 0 and mean > 0: zero at the mean, positive elsewhere.
pub(super) fn deviance(x: f64, mean: f64) -> f64 {
    if x == 0.0 {
        return mean;
    }
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    // The closed form cancels near the mean; its series in v does not.
    let v = (x - mean) / (x + mean);
    let mut sum = (x - mean) * v;
    let mut term = 2.0 * x * v;
    for j in 1.. {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// ln P(K = k) of the binomial distribution with `n` trials; `p` + `q` = 1, both > 0.
pub(super) fn ln_binomial(k: f64, n: f64, p: f64, q: f64) -> f64 {
    if k == 0.0 {
        return n * if p < 0.5 { (-p).ln_1p() } else { q.ln() };
    }
    if k == n {
        return n * if q < 0.5 { (-q).ln_1p() } else { p.ln() };
    }
    let rest = n - k;
    stirling_remainder(n)
        - stirling_remainder(k)
        - stirling_remainder(rest)
        - deviance(k, n * p)
        - deviance(rest, n * q)
        + 0.5 * (n / (k * rest)).ln()
        - HALF_LN_TWO_PI
}

/// ln [xᵃ yᵇ / B(a, b)] with y = 1 − x given apart, so that neither end loses digits.
pub(super) fn ln_beta_kernel(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    0.5 * (a * b / n).ln() - HALF_LN_TWO_PI - deviance(a, n * x) - deviance(b, n * y)
        + stirling_remainder(n)
        - stirling_remainder(a)
        - stirling_remainder(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_series_continues_the_closed_form_of_the_remainder() {
        for z in [0.5, 1.0, 3.5, 15.999_999, 16.0, 16.5, 40.0] {
            let closed = ln_gamma(z) - ((z - 0.5) * z.ln() - z + HALF_LN_TWO_PI);
            assert!((stirling_remainder(z) - closed).abs() < 1e-13, "z = {z}");
        }
    }

    #[test]
    fn binomial_probabilities_add_up_to_one() {
        for (n, p) in [(1.0, 0.3), (7.0, 0.5), (400.0, 0.013), (5000.0, 0.9)] {
            let mut total = 0.0;
            let mut k = 0.0;
            while k <= n {
                total += ln_binomial(k, n, p, 1.0 - p).exp();
                k += 1.0;
            }
            assert!((total - 1.0).abs() < 1e-12, "n = {n}: {total}");
        }
    }
}
