//! A finished backtest: hypothesis, rows, figures, verdict, and what else could have been assumed.

use super::context::{Context, Leakage, Warning};
use super::figures::{Basis, Confidence, Figures};
use super::pair::Pair;
use super::row::{Exclusion, TrialRow};
use super::spec::Spec;
use super::verdict::{Evidence, Ruling, Verdict};

/// Above this share of payments after the horizon, the horizon is too short.
const LATE_SHARE: f64 = 0.05;

/// All that a report tells, in any format.
#[derive(Debug, Clone, PartialEq)]
pub struct Backtest {
    pub spec: Spec,
    pub context: Context,
    pub rows: Vec<TrialRow>,
    pub figures: Figures,
    pub verdict: Verdict,
    /// The arms and the verdict under other choices.
    pub variants: Vec<Variant>,
}

/// The same hypothesis under one other choice.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// The choice, in words: `unmatched as control`.
    pub name: String,
    /// Rows that this choice adds to the landmark population (negative: takes away).
    pub rows_added: i64,
    pub pooled: Pair,
    pub verdict: Verdict,
}

impl Backtest {
    /// Judges `figures`, which must come from `rows` under `spec` and the as-of time of `context`.
    /// Rows are put in order of trial start, whatever order they came in.
    pub fn new(spec: Spec, context: Context, mut rows: Vec<TrialRow>, figures: Figures) -> Self {
        rows.sort_by(|a, b| (a.t0, &a.subscription_id).cmp(&(b.t0, &b.subscription_id)));
        let verdict = Evidence::of(&spec, &figures, &context.leakage, context.family.q).verdict();
        let mut backtest = Self { spec, context, rows, figures, verdict, variants: Vec::new() };
        let held = backtest.figures.held(&backtest.spec);
        let rows = unmatched_as_control(&backtest.rows);
        let figures = Figures::of(&held, &rows, backtest.context.as_of);
        backtest.add_variant("unmatched as control", figures);
        backtest
    }

    /// Judges the hypothesis again by the figures of rows made under another choice; split and
    /// smallest useful difference stay ([`Figures::held`]).
    pub fn add_variant(&mut self, name: &str, figures: Figures) {
        let spec = self.figures.held(&self.spec);
        // The family was corrected with the p of the run itself; a larger p cannot have a smaller q.
        let q = self.context.family.q.map(|q| figures.train_p().map_or(q, |p| q.max(p)));
        let verdict = Evidence::of(&spec, &figures, &self.context.leakage, q).verdict();
        let rows_added = figures.pooled.n() as i64 - self.figures.pooled.n() as i64;
        self.variants.push(Variant {
            name: name.to_owned(),
            rows_added,
            pooled: figures.pooled,
            verdict,
        });
    }

    /// The confidence a signal may carry: only of a validated hypothesis, only out of sample.
    pub fn emitted_confidence(&self) -> Option<Confidence> {
        self.figures
            .confidence
            .filter(|confidence| confidence.basis == Basis::OutOfSample)
            .filter(|_| self.verdict.ruling == Ruling::Validated)
    }

    /// The run's own warnings, then those that follow from the figures.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = self.context.warnings.clone();
        if self.context.leakage == Leakage::NotTested {
            warnings.push(Warning::new(
                "leakage_not_tested",
                "the query was not tested for facts from after its signals",
            ));
        }
        let late = self.figures.late_payments;
        if late.share().is_some_and(|share| share > LATE_SHARE) {
            warnings.push(Warning::new(
                "horizon_short",
                format!(
                    "{} of {} first payments came after the horizon: a longer one would count them",
                    late.after_horizon, late.paid
                ),
            ));
        }
        if self.context.family.looks > 1 {
            warnings.push(Warning::new(
                "repeated_look",
                format!(
                    "this test window has been looked at {} times; each look makes it less of a test",
                    self.context.family.looks
                ),
            ));
        }
        for variant in &self.variants {
            if variant.verdict.ruling != self.verdict.ruling {
                warnings.push(Warning::new(
                    "sensitive",
                    format!(
                        "with {} the verdict would be {}",
                        variant.name,
                        variant.verdict.ruling.as_str().replace('_', " ")
                    ),
                ));
            }
        }
        warnings
    }
}

fn unmatched_as_control(rows: &[TrialRow]) -> Vec<TrialRow> {
    rows.iter()
        .cloned()
        .map(|mut row| {
            if row.exclusion == Some(Exclusion::Unmatched) {
                row.exclusion = None;
                row.signal_at = None;
            }
            row
        })
        .collect()
}
