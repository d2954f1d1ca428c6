//! Adjusted p values of a family of tests: q to be compared with α directly.
//!
//! A `None` (or a number that is no probability) was not tested: it does not count towards the
//! size of the family and comes back as `None`. The order of the input is kept.

/// Benjamini and Hochberg (1995), step-up: the false discovery rate under independence.
pub fn bh(p: &[Option<f64>]) -> Vec<Option<f64>> {
    step_up(p, |_| 1.0)
}

/// Benjamini and Yekutieli (2001), step-up: the false discovery rate under any dependence.
pub fn by(p: &[Option<f64>]) -> Vec<Option<f64>> {
    step_up(p, |m| (1..=m).map(|i| 1.0 / i as f64).sum())
}

/// Holm (1979), step-down: the family-wise error rate.
pub fn holm(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let ascending = tested(p);
    let m = ascending.len();
    let mut adjusted = vec![None; p.len()];
    let mut largest = 0.0_f64;
    for (rank, (index, p)) in ascending.into_iter().enumerate() {
        largest = largest.max((m - rank) as f64 * p);
        adjusted[index] = Some(largest.min(1.0));
    }
    adjusted
}

fn step_up(p: &[Option<f64>], penalty: impl Fn(usize) -> f64) -> Vec<Option<f64>> {
    let ascending = tested(p);
    let m = ascending.len();
    let factor = m as f64 * penalty(m);
    let mut adjusted = vec![None; p.len()];
    let mut smallest = 1.0_f64;
    for (rank, (index, p)) in ascending.into_iter().enumerate().rev() {
        // In this order the largest p keeps its digits: its factor is exactly 1 under BH.
        smallest = smallest.min(p * (factor / (rank + 1) as f64));
        adjusted[index] = Some(smallest);
    }
    adjusted
}

/// The tested members with their place in the input, ascending by p.
fn tested(p: &[Option<f64>]) -> Vec<(usize, f64)> {
    let mut tested: Vec<(usize, f64)> = p
        .iter()
        .enumerate()
        .filter_map(|(index, p)| Some((index, (*p)?)))
        .filter(|(_, p)| (0.0..=1.0).contains(p))
        .collect();
    tested.sort_by(|a, b| a.1.total_cmp(&b.1));
    tested
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_probability_was_not_tested() {
        let q = bh(&[Some(f64::NAN), Some(0.02), None, Some(1.5), Some(0.04)]);
        assert_eq!(q, [None, Some(0.04), None, None, Some(0.04)]);
    }

    proptest! {
        #[test]
        fn adjusting_keeps_the_order_and_never_helps(
            p in prop::collection::vec(0.0..=1.0_f64, 1..40),
        ) {
            let family: Vec<_> = p.iter().copied().map(Some).collect();
            for adjusted in [bh(&family), by(&family), holm(&family)] {
                for i in 0..p.len() {
                    let q = adjusted[i].unwrap();
                    prop_assert!(q >= p[i] && q <= 1.0);
                    for j in 0..p.len() {
                        prop_assert!(p[i] > p[j] || q <= adjusted[j].unwrap());
                    }
                }
            }
        }
    }
}
