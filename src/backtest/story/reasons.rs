//! The reason codes of a verdict, each as a sentence with its figures.

use super::words;
use crate::backtest::context::Leakage;
use crate::backtest::document::{Line, Tone};
use crate::backtest::pair::Pair;
use crate::backtest::report::Backtest;
use crate::backtest::verdict::{Evidence, Reason, Window};
use crate::format::{
    count, counted, number, p_value, percent, percent_or_dash, points, signed_points, size,
};

/// Accounts that are named when a query leaks; the JSON names all.
const ACCOUNTS: usize = 12;

impl Backtest {
    /// One line per reason: the sentence, then the code.
    pub(super) fn reasons(&self) -> Vec<Line> {
        let reasons = self.verdict.reasons.iter();
        reasons
            .map(|reason| {
                Line::new(format!("{} ", self.explain(*reason))).then(Tone::Code, reason.as_str())
            })
            .collect()
    }

    fn explain(&self, reason: Reason) -> String {
        let (pooled, gates) = (&self.figures.pooled, &self.spec.gates);
        match reason {
            Reason::Leakage => self.explain_leakage(),
            Reason::OppositeDirection
            | Reason::SmallerThanUseful
            | Reason::PooledUpperBelowDelta
            | Reason::TestUpperBelowDelta => self.explain_rejection(reason),
            Reason::RateBelowClaim | Reason::RateNotShown => self.explain_rate(reason),
            Reason::NExposed => format!(
                "{} showed the behaviour; a verdict needs {}",
                counted(pooled.exposed.n, "account"),
                count(gates.min_arm)
            ),
            Reason::NControl => format!(
                "{} did not; a verdict needs {}",
                counted(pooled.control.n, "account"),
                count(gates.min_arm)
            ),
            Reason::NEvents => format!(
                "{} in both arms together; a verdict needs {}",
                counted(pooled.converted(), "conversion"),
                count(gates.min_events)
            ),
            Reason::NTrain => small_window("train", &self.figures.split.train, gates.min_arm),
            Reason::NTest => small_window("test", &self.figures.split.test, gates.min_oos_arm),
            Reason::Strata => self.explain_strata(),
            Reason::TrainCiIncludes0
            | Reason::TrainQ
            | Reason::StratifiedReverses
            | Reason::TrainAdjusted => self.explain_train(reason),
            Reason::TestDirection | Reason::TestProbability => self.explain_test(reason),
        }
    }

    fn explain_leakage(&self) -> String {
        let Leakage::Violated {
            cutoffs,
            needs_later_data,
            withdrawn_by_later_data,
            accounts,
            examples,
        } = &self.context.leakage
        else {
            return "the leak check found a violation".to_owned();
        };
        let mut sentence = format!(
            "run as of {}, the query gave other signals than afterwards, for {}: {} existed only \
             thanks to later facts, {} were erased by later facts",
            counted(*cutoffs, "earlier time"),
            counted(accounts.len() as u64, "account"),
            count(*needs_later_data),
            count(*withdrawn_by_later_data),
        );
        if !examples.is_empty() {
            sentence += &format!("; for example {}", examples.join("; "));
        }
        let named = &accounts[..accounts.len().min(ACCOUNTS)];
        if !named.is_empty() {
            let more = match accounts.len() - named.len() {
                0 => String::new(),
                n => format!(", and {} more", count(n as u64)),
            };
            sentence += &format!(". The accounts: {}{more}", named.join(", "));
        }
        sentence
    }

    fn explain_rejection(&self, reason: Reason) -> String {
        let evidence =
            Evidence::of(&self.spec, &self.figures, &self.context.leakage, self.context.family.q);
        let Some((window, diff)) = evidence.ruled_out() else {
            return "the difference is below the smallest useful one".to_owned();
        };
        let rows = match window {
            Window::Pooled => "over all rows",
            Window::Test => "in the test window",
        };
        let delta = size(self.figures.delta.unwrap_or(0.0));
        match reason {
            Reason::OppositeDirection => format!(
                "{rows} the exposed convert less: even the upper end of the interval is {}",
                points(diff.hi)
            ),
            Reason::SmallerThanUseful => format!(
                "{rows} there is a difference, {}, but all of it is below the smallest useful one \
                 of {delta}",
                words::interval(diff)
            ),
            _ => format!(
                "{rows} the difference is at most {}, below the smallest useful one of {delta}",
                points(diff.hi)
            ),
        }
    }

    fn explain_rate(&self, reason: Reason) -> String {
        let claimed = percent_or_dash(self.spec.expect.map(|claim| claim.value));
        let wilson = self.figures.pooled.exposed.wilson();
        match (reason, wilson) {
            (Reason::RateBelowClaim, Some(wilson)) => format!(
                "a rate of {claimed} was claimed; the exposed arm allows at most {}",
                percent(wilson.hi)
            ),
            (_, Some(wilson)) => format!(
                "a rate of at least {claimed} was claimed; the exposed arm shows no more than that \
                 it is above {}",
                percent(wilson.lo)
            ),
            (_, None) => format!("a rate of {claimed} was claimed; no account was exposed"),
        }
    }

    fn explain_strata(&self) -> String {
        let pooled = &self.figures.pooled;
        let adjusted = pooled.mantel_haenszel.as_ref();
        let used = adjusted.map_or(0, |adjusted| adjusted.rows_used);
        let by = self.spec.strata.as_deref().unwrap_or("stratum");
        if 5 * used < 4 * pooled.n() {
            format!(
                "only {} of {} accounts have both arms within their {by}; a verdict needs 80 %",
                count(used),
                count(pooled.n())
            )
        } else {
            format!("the train window allows no odds ratio adjusted for {by}")
        }
    }

    fn explain_train(&self, reason: Reason) -> String {
        let train = &self.figures.split.train;
        let adjusted = train.mantel_haenszel.as_ref();
        let by = self.spec.strata.as_deref().unwrap_or("stratum");
        match reason {
            Reason::TrainCiIncludes0 => format!(
                "in train the difference may be none: {}",
                train.diff().map_or_else(|| "no interval".to_owned(), words::interval)
            ),
            Reason::TrainQ => {
                let q = self.context.family.q.or_else(|| train.p());
                format!(
                    "corrected for {} tried on this outcome, q is {}; it must not exceed 0.05",
                    counted_hypotheses(self.context.family.m),
                    q.map_or_else(|| "unknown".to_owned(), p_value)
                )
            }
            Reason::StratifiedReverses => format!(
                "within {by} the difference is gone or turns round in train: odds ratio {}",
                adjusted.and_then(|mh| mh.or_mh).map_or_else(|| "unknown".to_owned(), number)
            ),
            _ => format!(
                "adjusted for {by}, p in train is {}; it must not exceed 0.05",
                adjusted.and_then(|mh| mh.cmh_p).map_or_else(|| "unknown".to_owned(), p_value)
            ),
        }
    }

    fn explain_test(&self, reason: Reason) -> String {
        let test = &self.figures.split.test;
        if reason == Reason::TestProbability {
            let chance = test.comparison.and_then(|test| test.prob_exposed_better);
            return format!(
                "in test the chance that the exposed convert more is {}; it must be 90 % or more",
                percent_or_dash(chance)
            );
        }
        let adjusted = test.mantel_haenszel.as_ref().and_then(|mh| mh.risk_difference);
        let shown = |diff: Option<f64>| diff.map_or_else(|| "–".to_owned(), signed_points);
        format!(
            "in test the difference does not hold: {} points, {} adjusted",
            shown(test.diff().map(|diff| diff.value)),
            shown(adjusted)
        )
    }
}

/// `1 hypothesis`, `12 hypotheses`
pub(super) fn counted_hypotheses(m: u64) -> String {
    if m == 1 { "1 hypothesis".to_owned() } else { format!("{} hypotheses", count(m)) }
}

fn small_window(name: &str, pair: &Pair, needed: u64) -> String {
    format!(
        "the {name} window holds {} exposed and {} control; each needs {}",
        count(pair.exposed.n),
        count(pair.control.n),
        count(needed)
    )
}
