//! Two arms and what can be said of them: rates, difference, ratio, adjusted figures.

use std::collections::BTreeMap;

use paydirt_udfs::stats::proportion::{Interval, wilson};
use paydirt_udfs::stats::stratified::{MantelHaenszel, Table, mantel_haenszel};
use paydirt_udfs::stats::two_sample::{
    Alternative, Estimate, fisher_exact, katz_ratio, katz_ratio_adjusted, newcombe_diff,
    prob_greater, rate_ratio,
};

use super::row::TrialRow;

/// Level of every two-sided interval of a report.
pub const CONFIDENCE: f64 = 0.95;

/// Rows of one arm, and how many of them converted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Arm {
    pub n: u64,
    pub converted: u64,
    /// Payments in the horizon, whether or not they were given back.
    pub gross_converted: u64,
}

impl Arm {
    /// Share converted; `None` if the arm is empty.
    pub fn rate(&self) -> Option<f64> {
        (self.n > 0).then(|| self.converted as f64 / self.n as f64)
    }

    /// Wilson interval of the rate.
    pub fn wilson(&self) -> Option<Interval> {
        wilson(self.converted, self.n, CONFIDENCE)
    }

    pub(super) fn add(&mut self, is_converted: bool, is_gross_converted: bool) {
        self.n += 1;
        self.converted += u64::from(is_converted);
        self.gross_converted += u64::from(is_gross_converted);
    }
}

/// Exposed against control over one set of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    pub exposed: Arm,
    pub control: Arm,
    /// `[[exposed converted, not], [control converted, not]]` per stratum, empty arms included.
    pub strata: BTreeMap<String, Table>,
    /// `None` if an arm is empty.
    pub comparison: Option<Comparison>,
    /// `None` if no stratum holds both arms.
    pub mantel_haenszel: Option<MantelHaenszel>,
}

/// The crude comparison of two arms that both hold rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Exposed rate minus control rate, Newcombe interval.
    pub diff: Estimate,
    /// Exposed rate over control rate; `None` if the control rate is 0.
    pub lift_ratio: Option<f64>,
    /// Katz interval; `None` if an arm has no conversion.
    pub lift_katz: Option<Interval>,
    /// The ½-adjusted ratio, to fall back on where Katz has none.
    pub lift_adjusted: Option<Estimate>,
    pub fisher_two_sided: Option<f64>,
    /// One-sided: the exposed rate is higher.
    pub fisher_greater: Option<f64>,
    /// Posterior probability that the exposed rate is higher, Jeffreys priors.
    pub prob_exposed_better: Option<f64>,
}

impl Pair {
    /// Counts mature rows; rows without an outcome yet are left out.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a TrialRow>) -> Self {
        let (mut exposed, mut control) = (Arm::default(), Arm::default());
        let mut strata: BTreeMap<String, Table> = BTreeMap::new();
        for row in rows {
            let Some(is_converted) = row.converted() else { continue };
            let arm = if row.is_exposed() { &mut exposed } else { &mut control };
            arm.add(is_converted, row.gross_converted_in_horizon());
            let table = strata.entry(row.stratum.clone()).or_default();
            table[usize::from(!row.is_exposed())][usize::from(!is_converted)] += 1;
        }
        Self::new(exposed, control, strata)
    }

    fn new(exposed: Arm, control: Arm, strata: BTreeMap<String, Table>) -> Self {
        let tables: Vec<Table> = strata.values().copied().collect();
        Self {
            exposed,
            control,
            comparison: Comparison::of(&exposed, &control),
            mantel_haenszel: mantel_haenszel(&tables),
            strata,
        }
    }

    /// Both arms together.
    pub fn baseline(&self) -> Arm {
        Arm {
            n: self.n(),
            converted: self.converted(),
            gross_converted: self.exposed.gross_converted + self.control.gross_converted,
        }
    }

    pub fn n(&self) -> u64 {
        self.exposed.n + self.control.n
    }

    pub fn converted(&self) -> u64 {
        self.exposed.converted + self.control.converted
    }

    /// Difference of the rates with its interval; `None` if an arm is empty.
    pub fn diff(&self) -> Option<Estimate> {
        self.comparison.map(|comparison| comparison.diff)
    }

    /// Whether both arms hold at least `n` rows.
    pub fn has_arms_of(&self, n: u64) -> bool {
        self.exposed.n >= n && self.control.n >= n
    }

    /// The p that enters the family: stratified if two strata or more allow it, else Fisher.
    pub fn p(&self) -> Option<f64> {
        match &self.mantel_haenszel {
            Some(adjusted) if adjusted.strata_used >= 2 => adjusted.cmh_p,
            _ => self.comparison.and_then(|comparison| comparison.fisher_two_sided),
        }
    }
}

impl Comparison {
    fn of(exposed: &Arm, control: &Arm) -> Option<Self> {
        let (x1, n1, x2, n2) = (exposed.converted, exposed.n, control.converted, control.n);
        let fisher = |alternative| fisher_exact(x1, n1 - x1, x2, n2 - x2, alternative);
        Some(Self {
            diff: newcombe_diff(x1, n1, x2, n2, CONFIDENCE)?,
            lift_ratio: rate_ratio(x1, n1, x2, n2),
            lift_katz: katz_ratio(x1, n1, x2, n2, CONFIDENCE)
                .map(|ratio| Interval { lo: ratio.lo, hi: ratio.hi }),
            lift_adjusted: katz_ratio_adjusted(x1, n1, x2, n2, CONFIDENCE),
            fisher_two_sided: fisher(Alternative::TwoSided),
            fisher_greater: fisher(Alternative::Greater),
            prob_exposed_better: prob_greater(x1, n1, x2, n2),
        })
    }
}

#[cfg(test)]
impl Pair {
    /// A pair from its strata tables, gross equal to net.
    pub(super) fn from_strata(strata: BTreeMap<String, Table>) -> Self {
        let arm = |index: usize| {
            let converted = strata.values().map(|table| table[index][0]).sum();
            let n = strata.values().map(|table| table[index][0] + table[index][1]).sum();
            Arm { n, converted, gross_converted: converted }
        };
        Self::new(arm(0), arm(1), strata)
    }
}
