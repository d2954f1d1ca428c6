//! The evidence: the two arms side by side, and how large and how sure the difference is.

use super::reasons::counted_hypotheses;
use super::words;
use crate::backtest::document::{Align, Cell, Document, Table, Tone};
use crate::backtest::figures::Basis;
use crate::backtest::pair::{Arm, Comparison};
use crate::backtest::report::Backtest;
use crate::format::{
    count, counted, money, number, p_value, percent, percent_or_dash, points, signed_points,
};

const BAR: usize = 34;
/// Strata beyond this many are summed up in a line.
const STRATA: usize = 12;

impl Backtest {
    pub(super) fn tell_arms(&self, doc: &mut Document) {
        let pooled = &self.figures.pooled;
        let mut table = Table::bare(&[Align::Left, Align::Left, Align::Right, Align::Left]);
        for (name, arm, tone) in [
            ("exposed", &pooled.exposed, Tone::Good),
            ("control", &pooled.control, Tone::Plain),
            ("baseline", &pooled.baseline(), Tone::Faint),
        ] {
            let gross = match arm.gross_converted {
                gross if gross == arm.converted => String::new(),
                gross => format!(" ({} before refunds)", count(gross)),
            };
            table.row(vec![
                Cell::toned(Tone::Strong, name),
                Cell::Bar { share: arm.rate(), width: BAR, tone },
                Cell::toned(Tone::Strong, percent_or_dash(arm.rate())),
                Cell::text(format!("{}{gross}", words::of(arm))),
            ]);
            if let Some(cells) = interval_row(arm) {
                table.row(cells);
            }
        }
        doc.heading("Who converts");
        doc.table(table);
        if let Some(base) = pooled.baseline().rate() {
            doc.say(format!(
                "The baseline is {}: what anybody still in the trial at that point does, with or \
                 without the behaviour. {} of the trials showed it. Stripe's dashboard gives \
                 another figure: it counts payments that were later refunded, leaves out trials \
                 that ended early, and divides by the trials that ended in the last 30 days.",
                percent(base),
                percent_or_dash(self.figures.signal_rate())
            ));
        }
    }

    pub(super) fn tell_strength(&self, doc: &mut Document) {
        if self.figures.pooled.exposed.n == 0 {
            return;
        }
        doc.heading("How large, how sure");
        if let Some(comparison) = &self.figures.pooled.comparison {
            doc.table(self.strength_table(comparison));
        }
        let figures = &self.figures;
        doc.say(format!(
            "Of the exposed, {} convert (precision); of those who convert, {} had shown the \
             behaviour (recall); F1 {}.",
            percent_or_dash(figures.precision()),
            percent_or_dash(figures.recall()),
            figures.f1().map_or_else(|| "–".to_owned(), number)
        ));
        self.tell_lead(doc);
        self.tell_confidence(doc);
    }

    fn strength_table(&self, comparison: &Comparison) -> Table {
        let mut table = Table::new(&[
            ("all rows", Align::Left),
            ("", Align::Right),
            ("95 % interval", Align::Left),
            ("", Align::Left),
        ]);
        let mut row = |name: &str, value: String, interval: String, note: String| {
            table.row(vec![
                Cell::text(name),
                Cell::toned(Tone::Strong, value),
                Cell::text(interval),
                Cell::toned(Tone::Faint, note),
            ]);
        };
        let diff = comparison.diff;
        row("difference", points(diff.value), words::interval(diff), "Newcombe".into());
        let (lift, note) = match (comparison.lift_katz, comparison.lift_adjusted) {
            (Some(katz), _) => (Some((comparison.lift_ratio, katz.lo, katz.hi)), "Katz"),
            (None, Some(adjusted)) => {
                (Some((Some(adjusted.value), adjusted.lo, adjusted.hi)), "½ added to each count")
            }
            (None, None) => (None, ""),
        };
        if let Some((Some(ratio), lo, hi)) = lift {
            let interval = format!("{} to {}", number(lo), number(hi));
            row("ratio", format!("× {}", number(ratio)), interval, note.into());
        }
        let shown = |p: Option<f64>| p.map_or_else(|| "–".to_owned(), p_value);
        row(
            "p, Fisher two-sided",
            shown(comparison.fisher_two_sided),
            String::new(),
            format!("one-sided, exposed higher: {}", shown(comparison.fisher_greater)),
        );
        let family = &self.context.family;
        row(
            "q, on train",
            shown(family.q.or_else(|| self.figures.train_p())),
            String::new(),
            format!("{} tried", counted_hypotheses(family.m)),
        );
        if let Some(adjusted) = &self.figures.pooled.mantel_haenszel {
            let by = self.spec.strata.as_deref().unwrap_or("one stratum");
            let used = format!(
                "{by}: {} of {} strata, {} of {} rows",
                adjusted.strata_used,
                self.figures.pooled.strata.len(),
                count(adjusted.rows_used),
                count(self.figures.pooled.n())
            );
            if let Some(difference) = adjusted.risk_difference {
                row("adjusted difference", points(difference), String::new(), used);
            }
            let interval =
                adjusted.or_ci95.map(|ci| format!("{} to {}", number(ci.lo), number(ci.hi)));
            row(
                "adjusted odds ratio",
                adjusted.or_mh.map_or_else(|| "–".to_owned(), number),
                interval.unwrap_or_default(),
                format!("Mantel–Haenszel, p {}", shown(adjusted.cmh_p)),
            );
        }
        row(
            "chance it is higher",
            // Never certain, even where the integral rounds to 1.
            percent_or_dash(comparison.prob_exposed_better.map(|p| p.clamp(0.0001, 0.9999))),
            String::new(),
            "that the exposed convert more at all".into(),
        );
        table
    }

    fn tell_lead(&self, doc: &mut Document) {
        let lead = &self.figures.lead_time;
        if let (Some(p25), Some(median), Some(p75)) = (lead.p25, lead.median, lead.p75) {
            doc.say(format!(
                "The behaviour precedes the payment by {median:.1} days in the median (middle half \
                 {p25:.1} to {p75:.1}, {}).",
                counted(lead.n, "conversion")
            ));
        }
        let won: Vec<String> = self
            .figures
            .mrr_won
            .iter()
            .map(|(currency, won)| {
                let told = |sum: Option<f64>| match sum {
                    Some(sum) => money(sum, currency),
                    None => format!("an unknown sum of {}", currency.to_uppercase()),
                };
                let (list, net) = (told(won.list), told(won.net));
                format!("{list} a month at list price, {net} after lasting discounts")
            })
            .collect();
        if !won.is_empty() {
            doc.say(format!("Exposed accounts that converted pay {}.", won.join("; ")));
        }
    }

    fn tell_confidence(&self, doc: &mut Document) {
        let Some(confidence) = self.figures.confidence else { return };
        let basis = match confidence.basis {
            Basis::OutOfSample => "in the test window",
            Basis::Pooled => "over all rows, as the test window is too small",
            Basis::BeforeLandmark => "in the test window, from the signal on",
        };
        let use_of_it = match (self.emitted_confidence(), &self.spec.signal) {
            (Some(_), Some(signal)) => format!("The signal {signal} carries this figure."),
            (Some(_), None) => "A signal may carry this figure.".to_owned(),
            (None, _) => "It is an estimate: a signal would carry none.".to_owned(),
        };
        doc.say(format!(
            "An account that shows the behaviour and is still in its trial converts with a chance \
             of at least {} (one-sided 95 % bound, {} of {} {basis}). {use_of_it}",
            percent(confidence.value),
            count(confidence.x),
            count(confidence.n)
        ));
    }

    pub(super) fn tell_strata(&self, doc: &mut Document) {
        let strata = &self.figures.pooled.strata;
        if strata.len() < 2 {
            return;
        }
        let by = self.spec.strata.as_deref().unwrap_or("stratum");
        let mut sorted: Vec<_> = strata.iter().collect();
        // Largest first; the map is sorted by name, which a stable sort keeps among equals.
        sorted.sort_by_key(|(_, table)| std::cmp::Reverse(table.iter().flatten().sum::<u64>()));
        let mut table = Table::new(&[
            (by, Align::Left),
            ("exposed", Align::Right),
            ("control", Align::Right),
            ("points", Align::Right),
        ]);
        for (name, counts) in sorted.iter().take(STRATA) {
            let arm = |[converted, rest]: [u64; 2]| Arm {
                n: converted + rest,
                converted,
                gross_converted: converted,
            };
            let (exposed, control) = (arm(counts[0]), arm(counts[1]));
            let diff = exposed.rate().zip(control.rate()).map(|(p1, p0)| signed_points(p1 - p0));
            table.row(vec![
                Cell::text(name.as_str()),
                Cell::text(words::arm(&exposed)),
                Cell::text(words::arm(&control)),
                Cell::text(diff.unwrap_or_else(|| "–".to_owned())),
            ]);
        }
        doc.heading(format!("The same within {by}"));
        doc.table(table);
        if strata.len() > STRATA {
            doc.say(format!("and {} more", count((strata.len() - STRATA) as u64)));
        }
    }
}

fn interval_row(arm: &Arm) -> Option<Vec<Cell>> {
    let (wilson, value) = (arm.wilson()?, arm.rate()?);
    Some(vec![
        Cell::text(""),
        Cell::Range { lo: wilson.lo, value, hi: wilson.hi, from: 0.0, to: 1.0, width: BAR },
        Cell::text(""),
        Cell::toned(
            Tone::Faint,
            format!("95 % interval {} to {}", percent(wilson.lo), percent(wilson.hi)),
        ),
    ])
}
