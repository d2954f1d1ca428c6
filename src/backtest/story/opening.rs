//! Claim and verdict: what was said, and what the data say to it.

use super::words;
use crate::backtest::context::Leakage;
use crate::backtest::document::{Document, Line, Tone};
use crate::backtest::report::Backtest;
use crate::backtest::spec::RateOp;
use crate::backtest::verdict::{Reason, Ruling};
use crate::format::{count, counted, duration, moment, percent, points, size};

/// Below this many rows in an arm, a report says that its numbers are small.
const SMALL: u64 = 20;

impl Backtest {
    pub(super) fn tell_claim(&self, doc: &mut Document) {
        let spec = &self.spec;
        let (window, horizon) = (duration(spec.window_us), duration(spec.horizon_us));
        doc.title(spec.name.clone());
        doc.line(Line::new("The claim: ").then(Tone::Strong, spec.statement.clone()));
        doc.say(format!(
            "Measured as: accounts that showed the behaviour within {window} of the start of their \
             trial (exposed) against those that did not (control). Converted means a payment that \
             was kept, after those {window} and within {horizon} of the start. Accounts that \
             had paid or left within those {window} are in neither."
        ));
    }

    pub(super) fn tell_verdict(&self, doc: &mut Document) {
        let tone = match self.verdict.ruling {
            Ruling::Validated => Tone::Good,
            Ruling::Rejected | Ruling::Invalid => Tone::Bad,
            Ruling::NotEnoughData => Tone::Strong,
        };
        doc.heading("Verdict");
        doc.line(
            Line::default()
                .then(tone, words::ruling(self.verdict.ruling))
                .then(Tone::Plain, format!(". {}", self.verdict_sentence())),
        );
        if self.figures.pooled.n() == 0 && self.verdict.ruling == Ruling::NotEnoughData {
            let codes = self.verdict.reasons.iter().map(|reason| reason.as_str());
            doc.say(format!("Gates not passed: {}.", codes.collect::<Vec<_>>().join(", ")));
        } else {
            doc.list(self.reasons());
        }
        if let Some(sentence) = self.small_numbers() {
            doc.say(sentence);
        }
        if let Some(sentence) = self.claimed_rate() {
            doc.say(sentence);
        }
    }

    pub(super) fn tell_warnings(&self, doc: &mut Document) {
        let warnings = self.warnings();
        if warnings.is_empty() {
            return;
        }
        doc.heading("Before you rely on it");
        doc.list(
            warnings
                .into_iter()
                .map(|warning| {
                    Line::new(format!("{} ", warning.sentence)).then(Tone::Code, warning.code)
                })
                .collect(),
        );
    }

    fn verdict_sentence(&self) -> String {
        if self.verdict.ruling == Ruling::Invalid {
            return "The query saw facts from after its own signals. Its figures are no evidence, \
                    so they are not shown."
                .to_owned();
        }
        if self.rows.is_empty() {
            return format!(
                "There is no trial in this company's Stripe data as of {}, so there is nothing to \
                 compare. A trial is a subscription with a trial start and a later trial end.",
                moment(self.context.as_of)
            );
        }
        let pooled = &self.figures.pooled;
        if pooled.n() == 0 {
            return format!(
                "None of the {} in the data is left to compare; the ladder below says which rule \
                 took which.",
                counted(self.figures.ladder.total(), "trial")
            );
        }
        let (Some(p1), Some(p0), Some(diff)) =
            (pooled.exposed.rate(), pooled.control.rate(), pooled.diff())
        else {
            let side = if pooled.exposed.n == 0 { "showed" } else { "went without" };
            return format!(
                "{} can be compared, and none of them {side} the behaviour: there is nothing to \
                 hold the other side against.",
                counted(pooled.n(), "account")
            );
        };
        let rates = format!(
            "{} of the exposed convert against {} of the control, {} (95 % interval {})",
            percent(p1),
            percent(p0),
            points(diff.value),
            words::interval(diff)
        );
        let by = self.spec.strata.as_deref().unwrap_or("nothing else");
        match self.verdict.ruling {
            Ruling::Validated => format!(
                "Accounts that showed the behaviour convert more: {rates}. It held in trials that \
                 started after the split, and adjusted for {by}. That it precedes payment is \
                 shown; that it brings payment about is not."
            ),
            Ruling::Rejected if self.verdict.reasons == [Reason::RateBelowClaim] => {
                format!("The claimed rate is ruled out: {rates}.")
            }
            Ruling::Rejected => format!("A useful difference is ruled out: {rates}."),
            _ => format!("A useful difference is neither shown nor ruled out: {rates}."),
        }
    }

    fn small_numbers(&self) -> Option<String> {
        let pooled = &self.figures.pooled;
        let smallest = pooled.exposed.n.min(pooled.control.n);
        if smallest == 0 || smallest >= SMALL || self.verdict.ruling == Ruling::Invalid {
            return None;
        }
        Some(format!(
            "These are small numbers: {} against {}. One account more or less moves a rate by up \
             to {}, so read every figure below as a first impression.",
            count(pooled.exposed.n),
            count(pooled.control.n),
            size(1.0 / smallest as f64)
        ))
    }

    /// What the data say to a claimed rate, whatever the verdict.
    fn claimed_rate(&self) -> Option<String> {
        if matches!(self.context.leakage, Leakage::Violated { .. }) {
            return None;
        }
        let claim = self.spec.expect?;
        let wilson = self.figures.pooled.exposed.wilson()?;
        let (lo, hi) = (percent(wilson.lo), percent(wilson.hi));
        let claimed = percent(claim.value);
        let answer = match claim.op {
            _ if wilson.hi < claim.value => "the data say less",
            RateOp::AtLeast if wilson.lo >= claim.value => "the data bear that out",
            RateOp::AtLeast => "the data allow it but do not show it",
            RateOp::Equal if wilson.lo > claim.value => "the data say more",
            RateOp::Equal => "the data are consistent with that",
        };
        let op = match claim.op {
            RateOp::AtLeast => "at least ",
            RateOp::Equal => "",
        };
        Some(format!(
            "The claim names a rate: {op}{claimed} of the exposed convert. Their 95 % interval is \
             {lo} to {hi}; {answer}."
        ))
    }
}
