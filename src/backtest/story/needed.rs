//! What would be needed: how many trials, and how long they take to come in.

use crate::backtest::document::Document;
use crate::backtest::report::Backtest;
use crate::backtest::sample_size::RequiredN;
use crate::format::{count, counted, months, pace as pace_of, percent, size};

/// A verdict of validated in four cases of five takes about this many two-arm tests of accounts.
const VERDICT_FACTOR: u64 = 3;

impl Backtest {
    pub(super) fn tell_needed(&self, doc: &mut Document) {
        doc.heading("What it would take");
        let pooled = &self.figures.pooled;
        if let Some(observed) = self.figures.required_for_observed {
            doc.say(format!("For the difference as observed: {}.", self.needed(&observed)));
        } else if pooled.diff().is_some() {
            doc.say(
                "The exposed do not convert more here, so no number of trials confirms the \
                 difference as observed.",
            );
        }
        match (self.figures.required_for_delta, self.figures.delta) {
            (Some(required), Some(delta)) => doc.say(format!(
                "For the smallest useful difference, {}: {}. A verdict of validated in four cases \
                 of five takes about {VERDICT_FACTOR} times that, some {} accounts in all.",
                size(delta),
                self.needed(&required),
                count(2 * VERDICT_FACTOR * required.n_per_arm)
            )),
            (None, Some(delta)) => doc.say(format!(
                "For the smallest useful difference, {}, no number can be given: the control rate \
                 leaves no room for it.",
                size(delta)
            )),
            (_, None) => doc.say(
                "Without accounts in the control arm there is no smallest useful difference, and \
                 no number of trials can be given.",
            ),
        }
        if let Some(pace) = self.figures.pace {
            doc.say(format!(
                "Comparable trials come in at {} a month, {} of them exposed.",
                pace_of(pace.trials_per_month),
                percent(pace.exposed_share)
            ));
        }
    }

    /// `41 trials; 35 % against 55 % needs 96 an arm, about 9 months at your rate`
    fn needed(&self, required: &RequiredN) -> String {
        let pooled = &self.figures.pooled;
        let wait = self
            .figures
            .pace
            .and_then(|pace| pace.months_until(required.n_per_arm, pooled))
            .map_or_else(
                || "which your rate never reaches".to_owned(),
                |wait| match wait {
                    0.0 => "which you have".to_owned(),
                    wait => format!("{} more at your rate", months(wait)),
                },
            );
        format!(
            "{}; {} against {} needs {} an arm, {wait}",
            counted(pooled.n(), "trial"),
            percent(required.p_control),
            percent(required.p_exposed),
            count(required.n_per_arm)
        )
    }
}
