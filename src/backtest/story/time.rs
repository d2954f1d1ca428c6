//! Does it hold over time: train and test, cohort months, and how conversion builds up.

use super::words;
use crate::backtest::document::{Align, Cell, Document, Table, Tone};
use crate::backtest::pair::Pair;
use crate::backtest::report::Backtest;
use crate::format::{count, counted, date, duration, percent, percent_or_dash, points};

/// Cohorts before the latest so many are summed up in a line.
const COHORTS: usize = 24;
const COHORT_BAR: usize = 20;
const CURVE_BAR: usize = 20;

impl Backtest {
    pub(super) fn tell_windows(&self, doc: &mut Document) {
        let split = &self.figures.split;
        doc.heading("Does it hold later");
        let Some(at) = split.at else {
            doc.say("There is nothing to split in time.");
            return;
        };
        let mut table = Table::new(&[
            ("window", Align::Left),
            ("exposed", Align::Right),
            ("control", Align::Right),
            ("difference", Align::Right),
            ("95 % interval", Align::Left),
        ]);
        table.row(window("train", &split.train));
        table.row(window("test", &split.test));
        doc.table(table);
        doc.say(format!(
            "Split on {}: train are the trials whose {} were over by then, test those that started \
             then or later. {} in between {} in neither.",
            date(at),
            duration(self.spec.horizon_us),
            counted(split.embargoed, "trial"),
            if split.embargoed == 1 { "is" } else { "are" },
        ));
    }

    pub(super) fn tell_cohorts(&self, doc: &mut Document) {
        let mut table = Table::new(&[
            ("started in", Align::Left),
            ("converted", Align::Left),
            ("", Align::Right),
            ("exposed", Align::Right),
            ("control", Align::Right),
        ]);
        let earlier = self.figures.cohorts.len().saturating_sub(COHORTS);
        for cohort in &self.figures.cohorts[earlier..] {
            let all = cohort.all();
            table.row(vec![
                Cell::text(cohort.name()),
                Cell::Bar { share: all.rate(), width: COHORT_BAR, tone: Tone::Plain },
                Cell::text(percent_or_dash(all.rate())),
                Cell::text(words::arm(&cohort.exposed)),
                Cell::text(words::arm(&cohort.control)),
            ]);
        }
        doc.table(table);
        if earlier > 0 {
            doc.say(format!("and {} before", counted(earlier as u64, "month")));
        }
    }

    pub(super) fn tell_curves(&self, doc: &mut Document) {
        let (exposed, control) = (&self.figures.curves.exposed, &self.figures.curves.control);
        let Some(days) = [exposed, control].into_iter().max_by_key(|curve| curve.points.len())
        else {
            return;
        };
        let mut table = Table::new(&[
            ("by", Align::Left),
            ("exposed", Align::Left),
            ("", Align::Right),
            ("lost", Align::Right),
            ("control", Align::Left),
            ("", Align::Right),
            ("lost", Align::Right),
        ]);
        for (index, point) in days.points.iter().enumerate() {
            let by = if point.is_horizon {
                "horizon".to_owned()
            } else {
                format!("day {:.0}", point.days)
            };
            let mut cells = vec![Cell::text(by)];
            for (curve, tone) in [(exposed, Tone::Good), (control, Tone::Plain)] {
                let point = curve.points.get(index);
                let converted = point.map(|point| point.converted);
                cells.extend([
                    Cell::Bar { share: converted, width: CURVE_BAR, tone },
                    Cell::toned(Tone::Strong, percent_or_dash(converted)),
                    Cell::toned(Tone::Faint, percent_or_dash(point.map(|point| point.lost))),
                ]);
            }
            table.row(cells);
        }
        if table.rows.is_empty() {
            return;
        }
        doc.heading("When they convert");
        doc.table(table);
        let (running, n) = (exposed.n_running + control.n_running, exposed.n + control.n);
        let bounds = [("exposed", exposed), ("control", control)]
            .into_iter()
            .filter_map(|(name, curve)| {
                let interval = curve.points.last()?.interval?;
                Some(format!("{name} {} to {}", percent(interval.lo), percent(interval.hi)))
            })
            .collect::<Vec<_>>();
        doc.say(format!(
            "Days count from the end of the first {}. Share converted so far, with those who left \
             counted as gone rather than as undecided (Aalen–Johansen); {}, {} of them still \
             running.{}",
            duration(self.spec.window_us),
            counted(n, "account"),
            count(running),
            if bounds.is_empty() {
                String::new()
            } else {
                format!(" 95 % interval at the end: {}.", words::list(&bounds))
            }
        ));
        let late = self.figures.late_payments;
        doc.say(format!(
            "{} of {} came after the {} ({}).",
            count(late.after_horizon),
            counted(late.paid, "first payment"),
            duration(self.spec.horizon_us),
            percent_or_dash(late.share())
        ));
    }
}

fn window(name: &str, pair: &Pair) -> Vec<Cell> {
    let diff = pair.diff();
    vec![
        Cell::text(name),
        Cell::text(words::arm(&pair.exposed)),
        Cell::text(words::arm(&pair.control)),
        Cell::toned(Tone::Strong, diff.map_or_else(|| "–".to_owned(), |diff| points(diff.value))),
        Cell::text(diff.map_or_else(String::new, words::interval)),
    ]
}
