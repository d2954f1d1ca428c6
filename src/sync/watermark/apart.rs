//! Few events weeks after all others: the last of a quiet product, or of a clock that is ahead. Nobody
//! can tell, so they decide like any other, and are named.

use std::collections::BTreeMap;

use crate::format::counted;
use crate::lake::Marks;
use crate::time::{self, DAY_US};

const WEEK_US: i64 = 7 * DAY_US;
/// Monday 2000-01-03, µs. What is older tells nothing of the end.
const FIRST: i64 = 946_857_600_000_000;
/// Until 2039.
const WEEKS: usize = 2048;
/// In the names of marks, before the number of the week.
const NAME: &str = "week_";
/// Weeks without any event before they are far.
const FAR: usize = 4;
/// One event in so many is few.
const FEW: u64 = 20;

/// Events by the week in which they happened.
pub(super) struct Weeks(Vec<u32>);

/// Few events that happened after weeks without any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apart {
    pub events: u64,
    /// The end of the week in which all others end, µs.
    pub others_end: i64,
    pub latest: i64,
}

impl Weeks {
    pub(super) fn new() -> Self {
        Self(vec![0; WEEKS])
    }

    pub(super) fn add(&mut self, at: i64) {
        let week = usize::try_from(at.saturating_sub(FIRST).div_euclid(WEEK_US)).unwrap_or(WEEKS);
        if let Some(events) = self.0.get_mut(week) {
            *events += 1;
        }
    }

    pub(super) fn mark(&self, marks: &mut Marks) {
        for (week, events) in self.0.iter().enumerate().filter(|(_, events)| **events > 0) {
            marks.count(&format!("{NAME}{week}"), u64::from(*events));
        }
    }
}

/// Those of a table; `latest` is the last event of which nothing else tells that it happened then.
pub(super) fn apart(marks: &Marks, latest: i64) -> Option<Apart> {
    let weeks: BTreeMap<usize, u64> = marks
        .counts()
        .filter_map(|(name, events)| Some((name.strip_prefix(NAME)?.parse().ok()?, events)))
        .collect();
    let mut before: u64 = weeks.values().sum();
    let mut events = 0;
    let mut found = None;
    for ((earlier, _), (week, of_week)) in weeks.iter().zip(weeks.iter().skip(1)).rev() {
        (events, before) = (events + of_week, before - of_week);
        if events * FEW > before {
            break;
        }
        if week - earlier > FAR {
            let others_end = FIRST + (*earlier as i64 + 1) * WEEK_US;
            found = Some(Apart { events, others_end, latest });
        }
    }
    found
}

impl Apart {
    /// `1 event lies weeks after all others (2026-05-01T00:00:00Z, they end before 2025-03-31)`, and
    /// what follows.
    pub fn sentence(&self) -> String {
        let lie = if self.events == 1 { "lies" } else { "lie" };
        let (latest, end) =
            (time::format_moment(self.latest), time::format_moment(self.others_end));
        format!(
            "{} {lie} weeks after all others ({latest}, they end before {}): the data are taken to \
             reach until then; if a clock was wrong, set [backtest] as_of",
            counted(self.events, "event"),
            &end[..10]
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_740_787_200_000_000;

    fn of(days: impl IntoIterator<Item = i64>) -> Option<Apart> {
        let (mut weeks, mut marks) = (Weeks::new(), Marks::default());
        let mut latest = i64::MIN;
        for day in days {
            latest = latest.max(START + day * DAY_US);
            weeks.add(START + day * DAY_US);
        }
        weeks.mark(&mut marks);
        apart(&marks, latest)
    }

    #[test]
    fn few_events_behind_weeks_without_any_are_apart() {
        let one = of((0..30).chain([400])).unwrap();
        assert_eq!((one.events, one.latest), (1, START + 400 * DAY_US));
        assert_eq!(time::format_moment(one.others_end), "2025-03-31T00:00:00Z");
        // Wrong clocks differ.
        assert_eq!(of((0..100).chain([200, 201, 300, 700])).unwrap().events, 4);
    }

    #[test]
    fn what_may_be_a_quiet_product_is_not() {
        assert_eq!(of([]), None);
        assert_eq!(of([0, 1, 60]), None);
        assert_eq!(of(0..400), None);
        assert_eq!(of((0..30).chain([45])), None);
        assert_eq!(of((0..30).chain(100..110)), None);
        assert_eq!(of((0..300).chain([-20_000, 1_000_000])), None);
    }
}
