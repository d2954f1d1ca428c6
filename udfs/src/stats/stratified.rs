//! Mantel–Haenszel: one effect estimated over strata, each compared within itself.

use super::distribution::{chi_squared_upper, two_sided_z};
use super::proportion::Interval;

/// [[exposed yes, exposed no], [control yes, control no]]
pub type Table = [[u64; 2]; 2];

/// Effect over all strata that hold both arms; each figure is `None` where it does not exist.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MantelHaenszel {
    pub strata_used: u64,
    pub rows_used: u64,
    /// Common odds ratio.
    pub or_mh: Option<f64>,
    /// 95 % interval of the odds ratio by Robins, Breslow and Greenland (1986).
    pub or_ci95: Option<Interval>,
    /// Common ratio of rates.
    pub rr_mh: Option<f64>,
    /// Mean difference of rates, weighted by n1·n2/(n1+n2).
    pub risk_difference: Option<f64>,
    /// Cochran–Mantel–Haenszel statistic without continuity correction, and its p.
    pub chi2: Option<f64>,
    pub cmh_p: Option<f64>,
    /// The same with the correction of ½ (left out, as R does, where |observed − expected| < ½).
    pub chi2_corrected: Option<f64>,
    pub p_corrected: Option<f64>,
    /// Breslow–Day test of equal odds ratios over the strata in which anything varies.
    pub breslow_day_chi2: Option<f64>,
    pub breslow_day_p: Option<f64>,
}

/// `None` when no stratum has both arms; strata with an empty arm are left out.
pub fn mantel_haenszel(tables: &[Table]) -> Option<MantelHaenszel> {
    let strata: Vec<Stratum> = tables.iter().filter_map(Stratum::new).collect();
    if strata.is_empty() {
        return None;
    }
    let sum = |term: fn(&Stratum) -> f64| strata.iter().map(term).sum::<f64>();

    let or_mh = ratio(sum(Stratum::concordant), sum(Stratum::discordant));
    let excess = sum(|s| s.a - s.n1 * s.m1 / s.n);
    let variance = sum(|s| s.n1 * s.n2 * s.m1 * s.m0 / (s.n * s.n * (s.n - 1.0)));
    let correction = if excess.abs() >= 0.5 { 0.5 } else { 0.0 };
    let chi2 = ratio(excess * excess, variance);
    let chi2_corrected = ratio((excess.abs() - correction).powi(2), variance);
    let breslow_day = or_mh.and_then(|common| breslow_day(&strata, common));

    Some(MantelHaenszel {
        strata_used: strata.len() as u64,
        rows_used: sum(|s| s.n) as u64,
        or_mh,
        or_ci95: or_mh.and_then(|common| odds_ratio_interval(&strata, common)),
        rr_mh: ratio(sum(|s| s.a * s.n2 / s.n), sum(|s| s.c * s.n1 / s.n)),
        risk_difference: ratio(
            sum(|s| (s.a * s.n2 - s.c * s.n1) / s.n),
            sum(|s| s.n1 * s.n2 / s.n),
        ),
        chi2,
        cmh_p: chi2.and_then(|x| chi_squared_upper(x, 1)),
        chi2_corrected,
        p_corrected: chi2_corrected.and_then(|x| chi_squared_upper(x, 1)),
        breslow_day_chi2: breslow_day.map(|(chi2, _)| chi2),
        breslow_day_p: breslow_day.and_then(|(chi2, df)| chi_squared_upper(chi2, df)),
    })
}

fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    (denominator > 0.0).then(|| numerator / denominator)
}

/// Cells and margins of one table: n1, n2 by arm, m1 converted, m0 not.
struct Stratum {
    a: f64,
    b: f64,
    c: f64,
    d: f64,
    n1: f64,
    n2: f64,
    m1: f64,
    m0: f64,
    n: f64,
}

impl Stratum {
    fn new(table: &Table) -> Option<Self> {
        let [[a, b], [c, d]] = table.map(|row| row.map(|count| count as f64));
        let has_both_arms = a + b > 0.0 && c + d > 0.0;
        has_both_arms.then_some(Self {
            a,
            b,
            c,
            d,
            n1: a + b,
            n2: c + d,
            m1: a + c,
            m0: b + d,
            n: a + b + c + d,
        })
    }

    fn concordant(&self) -> f64 {
        self.a * self.d / self.n
    }

    fn discordant(&self) -> f64 {
        self.b * self.c / self.n
    }
}

/// None at an odds ratio of 0, which has no logarithm.
fn odds_ratio_interval(strata: &[Stratum], common: f64) -> Option<Interval> {
    let (mut r_sum, mut s_sum) = (0.0, 0.0);
    let (mut pr, mut cross, mut qs) = (0.0, 0.0, 0.0);
    for stratum in strata {
        let (r, s) = (stratum.concordant(), stratum.discordant());
        let p = (stratum.a + stratum.d) / stratum.n;
        let q = (stratum.b + stratum.c) / stratum.n;
        r_sum += r;
        s_sum += s;
        pr += p * r;
        cross += p * s + q * r;
        qs += q * s;
    }
    if common == 0.0 {
        return None;
    }
    let variance =
        pr / (2.0 * r_sum * r_sum) + cross / (2.0 * r_sum * s_sum) + qs / (2.0 * s_sum * s_sum);
    let factor = (two_sided_z(0.95)? * variance.sqrt()).exp();
    Some(Interval { lo: common / factor, hi: common * factor })
}

/// (χ², degrees of freedom); `None` with fewer than two strata in which anything varies.
fn breslow_day(strata: &[Stratum], common: f64) -> Option<(f64, u64)> {
    if common == 0.0 {
        return None;
    }
    let mut chi2 = 0.0;
    let mut informative = 0;
    for stratum in strata.iter().filter(|s| s.m1 > 0.0 && s.m0 > 0.0) {
        let Stratum { a, n1, n2, m1, .. } = *stratum;
        // The `a` that gives this table the common odds ratio: the root of a quadratic, written
        // so that it also holds at an odds ratio of 1.
        let b = common * (n1 + m1) + n2 - m1;
        let root = (b * b - 4.0 * (common - 1.0) * common * n1 * m1).max(0.0).sqrt();
        let expected = 2.0 * common * n1 * m1 / (b + root);
        let cells = [expected, m1 - expected, n1 - expected, n2 - m1 + expected];
        chi2 += (a - expected).powi(2) * cells.iter().map(|cell| 1.0 / cell).sum::<f64>();
        informative += 1;
    }
    (informative > 1).then(|| (chi2, informative - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_do_not_exist_are_none() {
        assert_eq!(mantel_haenszel(&[]), None);
        assert_eq!(mantel_haenszel(&[[[3, 4], [0, 0]], [[0, 0], [1, 1]]]), None);

        let all_converted = mantel_haenszel(&[[[3, 0], [4, 0]]]).unwrap();
        assert_eq!(all_converted.or_mh, None);
        assert_eq!(all_converted.chi2, None);
        assert_eq!(all_converted.cmh_p, None);
        assert_eq!(all_converted.rr_mh, Some(1.0));
        assert_eq!(all_converted.risk_difference, Some(0.0));

        let never_exposed = mantel_haenszel(&[[[0, 5], [2, 3]], [[0, 4], [1, 6]]]).unwrap();
        assert_eq!(never_exposed.or_mh, Some(0.0));
        assert_eq!(never_exposed.or_ci95, None);
        assert_eq!(never_exposed.breslow_day_chi2, None);
    }

    #[test]
    fn a_perfect_stratum_leaves_the_test_of_equal_odds_finite() {
        let strata = [[[5, 0], [0, 5]], [[5, 5], [2, 8]]];
        let found = mantel_haenszel(&strata).unwrap();
        assert!(found.breslow_day_chi2.is_some_and(f64::is_finite), "{found:?}");
    }
}
