//! The verdict: four values, reached by gates in a fixed order, with the codes that decided.

use paydirt_udfs::stats::two_sample::Estimate;

use super::context::Leakage;
use super::figures::Figures;
use super::pair::Pair;
use super::spec::{Gates, RateClaim, RateOp, Spec};

/// What the data say about a hypothesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// The query used facts from after its signals.
    Invalid,
    /// A useful difference is ruled out.
    Rejected,
    /// Neither shown nor ruled out.
    NotEnoughData,
    /// Shown on train, adjusted, and held out of sample.
    Validated,
}

impl Ruling {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Rejected => "rejected",
            Self::NotEnoughData => "not_enough_data",
            Self::Validated => "validated",
        }
    }
}

/// Why a hypothesis is not validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Leakage,
    OppositeDirection,
    SmallerThanUseful,
    PooledUpperBelowDelta,
    TestUpperBelowDelta,
    RateBelowClaim,
    NExposed,
    NControl,
    NEvents,
    NTrain,
    NTest,
    Strata,
    TrainCiIncludes0,
    TrainQ,
    StratifiedReverses,
    TrainAdjusted,
    TestDirection,
    TestProbability,
    RateNotShown,
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Leakage => "leakage",
            Self::OppositeDirection => "opposite_direction",
            Self::SmallerThanUseful => "smaller_than_useful",
            Self::PooledUpperBelowDelta => "pooled_upper_below_delta",
            Self::TestUpperBelowDelta => "test_upper_below_delta",
            Self::RateBelowClaim => "rate_below_claim",
            Self::NExposed => "n_exposed",
            Self::NControl => "n_control",
            Self::NEvents => "n_events",
            Self::NTrain => "n_train",
            Self::NTest => "n_test",
            Self::Strata => "strata",
            Self::TrainCiIncludes0 => "train_ci_includes_0",
            Self::TrainQ => "train_q",
            Self::StratifiedReverses => "stratified_reverses",
            Self::TrainAdjusted => "train_adjusted",
            Self::TestDirection => "test_direction",
            Self::TestProbability => "test_probability",
            Self::RateNotShown => "rate_not_shown",
        }
    }
}

/// A ruling and its reasons, in the order in which the gates are tried; validated has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub ruling: Ruling,
    pub reasons: Vec<Reason>,
}

/// Which rows an interval was computed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    Pooled,
    Test,
}

/// What a verdict is given on.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    pub pooled: &'a Pair,
    pub train: &'a Pair,
    pub test: &'a Pair,
    pub delta: Option<f64>,
    /// Train p after correction for the family; `None`: a family of one.
    pub q: Option<f64>,
    pub is_leaking: bool,
    pub gates: Gates,
    pub expect: Option<RateClaim>,
}

impl<'a> Evidence<'a> {
    pub fn of(spec: &Spec, figures: &'a Figures, leakage: &Leakage, q: Option<f64>) -> Self {
        Self {
            pooled: &figures.pooled,
            train: &figures.split.train,
            test: &figures.split.test,
            delta: figures.delta,
            q,
            is_leaking: leakage.is_violated(),
            gates: spec.gates,
            expect: spec.expect,
        }
    }

    /// The verdict: the first gate that stops the hypothesis, else validated.
    pub fn verdict(&self) -> Verdict {
        if self.is_leaking {
            return Verdict { ruling: Ruling::Invalid, reasons: vec![Reason::Leakage] };
        }
        if let Some(reason) = self.rejection() {
            return Verdict { ruling: Ruling::Rejected, reasons: vec![reason] };
        }
        let mut reasons = self.missing_data();
        if reasons.is_empty() {
            reasons = self.failed_tests();
        }
        let ruling = if reasons.is_empty() { Ruling::Validated } else { Ruling::NotEnoughData };
        Verdict { ruling, reasons }
    }

    /// The difference whose interval rules a useful one out: pooled, or else in the test window.
    pub fn ruled_out(&self) -> Option<(Window, Estimate)> {
        let Gates { min_arm, min_events, .. } = self.gates;
        let delta = self.delta?;
        let has_events = self.pooled.converted() >= min_events;
        [(Window::Pooled, self.pooled), (Window::Test, self.test)]
            .into_iter()
            .filter(|(_, pair)| has_events && pair.has_arms_of(min_arm))
            .filter_map(|(window, pair)| Some((window, pair.diff()?)))
            .find(|(_, diff)| diff.hi < delta)
    }

    fn rejection(&self) -> Option<Reason> {
        match self.ruled_out() {
            Some((_, diff)) if diff.hi < 0.0 => Some(Reason::OppositeDirection),
            Some((_, diff)) if diff.lo > 0.0 => Some(Reason::SmallerThanUseful),
            Some((Window::Pooled, _)) => Some(Reason::PooledUpperBelowDelta),
            Some((Window::Test, _)) => Some(Reason::TestUpperBelowDelta),
            None => self.is_claim_refuted().then_some(Reason::RateBelowClaim),
        }
    }

    fn missing_data(&self) -> Vec<Reason> {
        let Gates { min_arm, min_events, min_oos_arm, .. } = self.gates;
        codes([
            (self.pooled.exposed.n < min_arm, Reason::NExposed),
            (self.pooled.control.n < min_arm, Reason::NControl),
            (self.pooled.converted() < min_events, Reason::NEvents),
            (!self.train.has_arms_of(min_arm), Reason::NTrain),
            (!self.test.has_arms_of(min_oos_arm), Reason::NTest),
            (!self.has_usable_strata(), Reason::Strata),
        ])
    }

    fn has_usable_strata(&self) -> bool {
        let usable = self.pooled.mantel_haenszel.as_ref().map_or(0, |adjusted| adjusted.rows_used);
        // 80 % in whole numbers, so that the edge does not hang on rounding.
        5 * usable >= 4 * self.pooled.n() && self.train_odds_ratio().is_some()
    }

    fn train_odds_ratio(&self) -> Option<f64> {
        self.train.mantel_haenszel.as_ref()?.or_mh
    }

    fn failed_tests(&self) -> Vec<Reason> {
        let train_adjusted_p = self.train.mantel_haenszel.as_ref().and_then(|mh| mh.cmh_p);
        let test_adjusted = self.test.mantel_haenszel.as_ref().and_then(|mh| mh.risk_difference);
        let test_probability = self.test.comparison.and_then(|test| test.prob_exposed_better);
        let holds_in_test =
            exceeds(self.test.diff().map(|diff| diff.value), 0.0) && exceeds(test_adjusted, 0.0);
        codes([
            (!exceeds(self.train.diff().map(|diff| diff.lo), 0.0), Reason::TrainCiIncludes0),
            (!is_at_most(self.q.or_else(|| self.train.p()), 0.05), Reason::TrainQ),
            (!exceeds(self.train_odds_ratio(), 1.0), Reason::StratifiedReverses),
            (!is_at_most(train_adjusted_p, 0.05), Reason::TrainAdjusted),
            (!holds_in_test, Reason::TestDirection),
            (!test_probability.is_some_and(|p| p >= 0.90), Reason::TestProbability),
            (!self.is_claim_shown(), Reason::RateNotShown),
        ])
    }

    /// Whether the claimed rate lies above all that the exposed arm allows.
    fn is_claim_refuted(&self) -> bool {
        let is_large = self.pooled.exposed.n >= self.gates.min_arm;
        let wilson = self.pooled.exposed.wilson();
        matches!((self.expect, wilson), (Some(claim), Some(wilson)) if is_large && wilson.hi < claim.value)
    }

    /// Whether the claim asks nothing more of a hypothesis that is otherwise validated.
    fn is_claim_shown(&self) -> bool {
        match (self.expect, self.pooled.exposed.wilson()) {
            (Some(RateClaim { op: RateOp::AtLeast, value }), Some(wilson)) => wilson.lo >= value,
            (Some(RateClaim { op: RateOp::AtLeast, .. }), None) => false,
            // An equality is described as consistent or not; it is no gate.
            (Some(RateClaim { op: RateOp::Equal, .. }) | None, _) => true,
        }
    }
}

fn codes<const N: usize>(gates: [(bool, Reason); N]) -> Vec<Reason> {
    gates.into_iter().filter(|(stops, _)| *stops).map(|(_, reason)| reason).collect()
}

fn exceeds(value: Option<f64>, bound: f64) -> bool {
    value.is_some_and(|value| value > bound)
}

fn is_at_most(value: Option<f64>, bound: f64) -> bool {
    value.is_some_and(|value| value <= bound)
}
