//! Fisher's exact test of a 2×2 table.

use crate::stats::saddle_point::ln_binomial;

/// What the test looks for in the odds ratio of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alternative {
    TwoSided,
    Greater,
    Less,
}

/// p of the table [[a, b], [c, d]]; two-sided adds all tables no more likely than the one seen
/// (relative slack 1e-7). An empty margin leaves one table, so p = 1. `None` only on overflow.
pub fn fisher_exact(a: u64, b: u64, c: u64, d: u64, alternative: Alternative) -> Option<f64> {
    let tables = Tables {
        row1: a.checked_add(b)?,
        row2: c.checked_add(d)?,
        column1: a.checked_add(c)?,
        total: a.checked_add(b)?.checked_add(c)?.checked_add(d)?,
    };
    let (first, last) = (tables.first(), tables.last());
    if first == last {
        return Some(1.0);
    }
    let p = match alternative {
        Alternative::Greater => tables.at_least(a),
        Alternative::Less => tables.at_most(a),
        Alternative::TwoSided => tables.no_likelier_than(a),
    };
    Some(p.min(1.0))
}

/// All tables with the given margins, told apart by their upper left cell k.
struct Tables {
    row1: u64,
    row2: u64,
    column1: u64,
    total: u64,
}

impl Tables {
    fn first(&self) -> u64 {
        self.column1.saturating_sub(self.row2)
    }

    fn last(&self) -> u64 {
        self.row1.min(self.column1)
    }

    /// The likeliest k.
    fn mode(&self) -> u64 {
        let product = (u128::from(self.row1) + 1) * (u128::from(self.column1) + 1);
        let mode = product / (u128::from(self.total) + 2);
        u64::try_from(mode).unwrap_or(u64::MAX).clamp(self.first(), self.last())
    }

    /// ln P(k), hypergeometric.
    fn ln_probability(&self, k: u64) -> f64 {
        let [row1, row2, column1, total] =
            [self.row1, self.row2, self.column1, self.total].map(|count| count as f64);
        let p = column1 / total;
        let q = (self.total - self.column1) as f64 / total;
        ln_binomial(k as f64, row1, p, q) + ln_binomial((self.column1 - k) as f64, row2, p, q)
            - ln_binomial(column1, total, p, q)
    }

    /// P(K ≥ k), summed on the side of k that is away from the mode.
    fn at_least(&self, k: u64) -> f64 {
        if k > self.mode() {
            self.upper_tail(k)
        } else if k == self.first() {
            1.0
        } else {
            1.0 - self.lower_tail(k - 1)
        }
    }

    fn at_most(&self, k: u64) -> f64 {
        if k < self.mode() {
            self.lower_tail(k)
        } else if k == self.last() {
            1.0
        } else {
            1.0 - self.upper_tail(k + 1)
        }
    }

    fn no_likelier_than(&self, k: u64) -> f64 {
        let limit = self.ln_probability(k) + 1e-7_f64.ln_1p();
        let mode = self.mode();
        if self.ln_probability(mode) <= limit {
            return 1.0;
        }
        let is_rare = |k: u64| self.ln_probability(k) <= limit;
        // Probabilities fall on either side of the mode, so each tail starts where a search says.
        let below = boundary(self.first(), mode, |k| !is_rare(k));
        let above = boundary(mode, self.last() + 1, is_rare);
        let lower = if below > self.first() { self.lower_tail(below - 1) } else { 0.0 };
        let upper = if above <= self.last() { self.upper_tail(above) } else { 0.0 };
        lower + upper
    }

    /// P(K ≥ k) for k above the mode.
    fn upper_tail(&self, k: u64) -> f64 {
        let ratio = |k: f64| {
            let (row1, row2, column1) = self.margins();
            (row1 - k) * (column1 - k) / ((k + 1.0) * (row2 - column1 + k + 1.0))
        };
        tail(self.ln_probability(k), (0..self.last() - k).map(|i| ratio((k + i) as f64)))
    }

    /// P(K ≤ k) for k below the mode.
    fn lower_tail(&self, k: u64) -> f64 {
        let ratio = |k: f64| {
            let (row1, row2, column1) = self.margins();
            k * (row2 - column1 + k) / ((row1 - k + 1.0) * (column1 - k + 1.0))
        };
        tail(self.ln_probability(k), (0..k - self.first()).map(|i| ratio((k - i) as f64)))
    }

    fn margins(&self) -> (f64, f64, f64) {
        (self.row1 as f64, self.row2 as f64, self.column1 as f64)
    }
}

/// The sum of falling terms: the first as a logarithm, the others as ratios to the one before.
fn tail(ln_first: f64, ratios: impl Iterator<Item = f64>) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for ratio in ratios {
        term *= ratio;
        sum += term;
        if term < sum * 1e-18 {
            break;
        }
    }
    sum * ln_first.exp()
}

/// The first k in lo..hi at which `holds` becomes true, or hi; `holds` must not turn back.
fn boundary(mut lo: u64, mut hi: u64, holds: impl Fn(u64) -> bool) -> u64 {
    while lo < hi {
        let middle = lo + (hi - lo) / 2;
        if holds(middle) {
            hi = middle;
        } else {
            lo = middle + 1;
        }
    }
    lo
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition: every table, probabilities by exact binomial coefficients.
    fn by_enumeration(a: u64, b: u64, c: u64, d: u64, alternative: Alternative) -> f64 {
        let choose = |n: u64, k: u64| (0..k).map(|i| (n - i) as f64 / (k - i) as f64).product();
        let column1 = a + c;
        let weight = |k: u64| -> f64 {
            let other: f64 = choose(c + d, column1 - k);
            let this: f64 = choose(a + b, k);
            this * other
        };
        let all = column1.saturating_sub(c + d)..=column1.min(a + b);
        let total: f64 = all.clone().map(weight).sum();
        let seen = weight(a);
        all.filter(|&k| match alternative {
            Alternative::Greater => k >= a,
            Alternative::Less => k <= a,
            Alternative::TwoSided => weight(k) <= seen * (1.0 + 1e-7),
        })
        .map(|k| weight(k) / total)
        .sum()
    }

    proptest! {
        #[test]
        fn equals_the_enumeration_of_all_tables(
            a in 0..40_u64, b in 0..40_u64, c in 0..40_u64, d in 0..40_u64,
        ) {
            for alternative in [Alternative::TwoSided, Alternative::Greater, Alternative::Less] {
                let p = fisher_exact(a, b, c, d, alternative).unwrap();
                let expected = by_enumeration(a, b, c, d, alternative);
                prop_assert!((p - expected).abs() < 1e-12, "{p} instead of {expected}");
            }
        }
    }

    #[test]
    fn a_million_rows_keep_their_digits() {
        // Reference: the sums of the definition in 60-digit arithmetic.
        let cases = [
            ([250_000, 250_000, 249_000, 251_000], 0.045_716_172_888_801_04),
            ([60_500, 439_500, 59_800, 440_200], 0.031_657_354_171_519_6),
        ];
        for ([a, b, c, d], expected) in cases {
            let p = fisher_exact(a, b, c, d, Alternative::TwoSided).unwrap();
            assert!((p - expected).abs() < 1e-11, "{p:.16} instead of {expected}");
        }
    }

    #[test]
    fn overflow_has_no_value() {
        assert_eq!(fisher_exact(u64::MAX, 1, 1, 1, Alternative::Less), None);
    }
}
