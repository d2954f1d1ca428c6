//! Who is in and who is not: the exclusion ladder, identity, and other choices.

use super::words;
use crate::backtest::document::{Align, Cell, Document, Table, Tone};
use crate::backtest::report::Backtest;
use crate::backtest::row::Exclusion;
use crate::format::{count, counted, date, duration, number, percent, percent_or_dash, points};

impl Backtest {
    pub(super) fn tell_ladder(&self, doc: &mut Document) {
        let ladder = &self.figures.ladder;
        let mut table = Table::bare(&[Align::Right, Align::Left, Align::Left]);
        let mut row = |n: u64, tone: Tone, words: String, code: &str| {
            table.row(vec![
                Cell::toned(tone, count(n)),
                Cell::toned(tone, words),
                Cell::toned(Tone::Faint, code),
            ]);
        };
        row(ladder.total(), Tone::Plain, "trials in the data".into(), "");
        for (rung, n) in &ladder.rungs {
            let tone = if *n == 0 { Tone::Faint } else { Tone::Plain };
            row(*n, tone, self.rung(*rung), rung.as_str());
        }
        row(ladder.in_analysis, Tone::Strong, "are compared".into(), "in_analysis");
        doc.heading("Who is counted");
        doc.table(table);
        doc.say("Each trial stands on the first line that fits it; the lines add up.");
    }

    fn rung(&self, rung: Exclusion) -> String {
        let window = duration(self.spec.window_us);
        match rung {
            Exclusion::TestMode => "test mode, other mode or test clock".to_owned(),
            Exclusion::Internal => "own staff".to_owned(),
            Exclusion::Retrial => "another trial of the same account".to_owned(),
            Exclusion::PriorPayer => "had paid before the trial".to_owned(),
            Exclusion::Immature => format!(
                "{} not over by {}",
                duration(self.spec.horizon_us),
                date(self.context.as_of)
            ),
            Exclusion::ConvertedBeforeLandmark => format!("paid within {window}"),
            Exclusion::EndedBeforeLandmark => format!("ended within {window}"),
            Exclusion::Unmatched => format!("no product event linked within {window}"),
        }
    }

    pub(super) fn tell_identity(&self, doc: &mut Document) {
        let (coverage, identity) = (&self.figures.coverage, &self.context.identity);
        doc.heading("Who could be recognised");
        if coverage.eligible_at_risk > 0 {
            doc.say(format!(
                "{} of {} trials that could be compared are linked to product events ({}).",
                count(coverage.matched),
                count(coverage.eligible_at_risk),
                percent_or_dash(coverage.rate())
            ));
        }
        let linked: u64 = identity.tiers.iter().map(|tier| tier.events).sum();
        let mut table = Table::new(&[
            ("link", Align::Left),
            ("confidence", Align::Right),
            ("events", Align::Right),
            ("share", Align::Right),
        ]);
        for tier in &identity.tiers {
            let share = (linked > 0).then(|| tier.events as f64 / linked as f64);
            table.row(vec![
                Cell::text(tier.name.as_str()),
                Cell::text(number(tier.confidence)),
                Cell::text(count(tier.events)),
                Cell::text(percent_or_dash(share)),
            ]);
        }
        doc.table(table);
        doc.say(format!(
            "{} fitted two accounts equally well and {} fitted none; both are left out. \
             Links below a confidence of {} are not used.",
            counted(identity.ambiguous_events, "event"),
            count(identity.unlinked_events),
            number(self.spec.min_identity_confidence)
        ));
        if !identity.unlinked_domains.is_empty() {
            let domains: Vec<String> = identity
                .unlinked_domains
                .iter()
                .map(|(domain, events)| format!("{domain} ({})", count(*events)))
                .collect();
            doc.say(format!("Most unlinked events come from {}.", domains.join(", ")));
        }
        if self.figures.linked_later > 0 {
            doc.say(format!(
                "{} of the exposed count from the moment their account could be known, later than \
                 the behaviour itself.",
                count(self.figures.linked_later)
            ));
        }
    }

    pub(super) fn tell_sensitivity(&self, doc: &mut Document) {
        let mut table = Table::new(&[
            ("choice", Align::Left),
            ("exposed", Align::Right),
            ("control", Align::Right),
            ("difference", Align::Right),
            ("verdict", Align::Left),
        ]);
        let pooled = &self.figures.pooled;
        let own = ("as reported", pooled, &self.verdict);
        let others = self
            .variants
            .iter()
            .map(|variant| (variant.name.as_str(), &variant.pooled, &variant.verdict));
        for (name, pair, verdict) in std::iter::once(own).chain(others) {
            let differs = verdict.ruling != self.verdict.ruling;
            table.row(vec![
                Cell::text(name),
                Cell::text(words::rate_of(&pair.exposed)),
                Cell::text(words::rate_of(&pair.control)),
                Cell::text(pair.diff().map_or_else(|| "–".to_owned(), |diff| points(diff.value))),
                Cell::toned(
                    if differs { Tone::Bad } else { Tone::Plain },
                    words::ruling(verdict.ruling),
                ),
            ]);
        }
        doc.heading("Had we chosen otherwise");
        doc.table(table);
        let differing = self
            .variants
            .iter()
            .filter(|variant| variant.verdict.ruling != self.verdict.ruling)
            .map(|variant| variant.name.clone())
            .collect::<Vec<_>>();
        let unmatched = self.figures.ladder.at(Exclusion::Unmatched);
        if !differing.is_empty() {
            doc.say(format!("The verdict hangs on a choice: {}.", words::list(&differing)));
        } else if unmatched == 0 && self.variants.len() == 1 {
            doc.say("No trial was left out as unmatched, so nothing changes.");
        } else {
            doc.say(format!(
                "The verdict stays the same ({} unmatched, {} of those that could be compared).",
                count(unmatched),
                percent(1.0 - self.figures.coverage.rate().unwrap_or(1.0))
            ));
        }
    }
}
