//! Sample quantiles.

/// The q-quantile with linear interpolation between order statistics (numpy's default, R type 7).
///
/// NaN among the values counts as missing. `None` without values or unless 0 ≤ q ≤ 1.
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    if sorted.is_empty() || !(0.0..=1.0).contains(&q) {
        return None;
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let position = q * (sorted.len() - 1) as f64;
    let below = position.floor();
    let (lo, hi) = (sorted[below as usize], sorted[position.ceil() as usize]);
    let share = position - below;
    let value = if share == 0.0 { lo } else { lo + (hi - lo) * share };
    // Between −∞ and ∞, or inside a run of one of them, there is no middle.
    (!value.is_nan()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_values_do_not_count() {
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[f64::NAN], 0.5), None);
        assert_eq!(quantile(&[f64::NAN, 2.0, 4.0], 0.5), Some(3.0));
        assert_eq!(quantile(&[1.0], 1.5), None);
        assert_eq!(quantile(&[1.0], f64::NAN), None);
    }
}
