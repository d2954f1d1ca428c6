//! Two rates compared: x1 of n1 (exposed) against x2 of n2 (control).

mod fisher;
mod interval;
mod posterior;
mod sample_size;

pub use fisher::{Alternative, fisher_exact};
pub use interval::{Estimate, katz_ratio, katz_ratio_adjusted, newcombe_diff, rate_ratio};
pub use posterior::prob_greater;
pub use sample_size::{power, required_n};

use super::distribution::normal_two_sided;
use super::proportion::counts;

/// Pooled two-proportion z test: (z, two-sided p). `None` if nobody or everybody succeeded.
pub fn two_proportion_z(x1: u64, n1: u64, x2: u64, n2: u64) -> Option<(f64, f64)> {
    let (x1, n1) = counts(x1, n1)?;
    let (x2, n2) = counts(x2, n2)?;
    let pooled = (x1 + x2) / (n1 + n2);
    let error = (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)).sqrt();
    let z = (x1 / n1 - x2 / n2) / error;
    (error > 0.0).then(|| (z, normal_two_sided(z)))
}
