//! The log-rank test of two survival curves.

use super::{Leaving, ascending, by_time};
use crate::stats::distribution::chi_squared_upper;

/// χ² with one degree of freedom, and its p.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LogRank {
    pub chi2: f64,
    pub p: f64,
}

/// Compares (time, is_event) rows of two groups with the hypergeometric variance at ties.
///
/// `None` if a group is empty or no event happened while both groups were at risk.
pub fn log_rank(one: &[(f64, bool)], two: &[(f64, bool)]) -> Option<LogRank> {
    let both: Vec<_> = one
        .iter()
        .map(|&(time, is_event)| (time, (is_event, true)))
        .chain(two.iter().map(|&(time, is_event)| (time, (is_event, false))))
        .collect();
    let sorted = ascending(&both);
    let mut at_risk_one = sorted.iter().filter(|(_, (_, is_one))| *is_one).count();
    let mut excess = 0.0;
    let mut variance = 0.0;
    for Leaving { at_risk, rows, .. } in by_time(&sorted) {
        let count = |kept: fn(bool, bool) -> bool| {
            rows.iter().filter(|(_, (is_event, is_one))| kept(*is_event, *is_one)).count() as f64
        };
        let events = count(|is_event, _| is_event);
        let events_one = count(|is_event, is_one| is_event && is_one);
        let (n, n1) = (at_risk as f64, at_risk_one as f64);
        excess += events_one - events * n1 / n;
        if at_risk > 1 {
            variance += events * (n1 / n) * (1.0 - n1 / n) * (n - events) / (n - 1.0);
        }
        at_risk_one -= rows.iter().filter(|(_, (_, is_one))| *is_one).count();
    }
    let chi2 = excess * excess / variance;
    (variance > 0.0).then_some(LogRank { chi2, p: chi_squared_upper(chi2, 1)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_group_has_nothing_to_compare_with() {
        let rows = [(1.0, true), (2.0, false)];
        assert_eq!(log_rank(&rows, &[]), None);
        assert_eq!(log_rank(&[], &rows), None);
        assert_eq!(log_rank(&[(1.0, false)], &[(2.0, false)]), None);
    }
}
