//! What to read next, from how far the last reading has come; and whether events were missed.

use std::collections::BTreeMap;

use super::super::resources::{Resource, listed};
use super::EVENTS;
use super::position::Position;
use super::ranges::{OPEN, Range};
use crate::sync::journal::DiagnosticRow;
use crate::time::{self, SECOND_US};

const DAY: i64 = 86_400;
/// How far back Stripe lists events.
const RETENTION: i64 = 30 * DAY;
/// Events and objects may show up some time after they were made.
const LOOK_BACK: i64 = 600;

/// A time whose events are lost; unix seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub from: i64,
    pub to: i64,
}

impl Gap {
    pub fn sentence(&self) -> String {
        format!(
            "events from {} to {} are no longer to be had: all lists are read again, and what changed meanwhile is known by its result only",
            time::format_moment(self.from * SECOND_US),
            time::format_moment(self.to * SECOND_US)
        )
    }

    pub fn diagnostic(&self) -> DiagnosticRow {
        DiagnosticRow {
            kind: "gap",
            path: "/v1/events".to_owned(),
            relation: Some("stripe_log.events".to_owned()),
            reason: self.sentence(),
            ..DiagnosticRow::default()
        }
    }
}

/// The position to read on from, its ranges set; `None` if nothing is to be read. What has no
/// events is listed again once it is older than `rest` (seconds).
pub fn plan(
    resource: &Resource,
    position: Option<&Position>,
    now: i64,
    rest: i64,
) -> Option<Position> {
    let all = || vec![Range::ALL];
    let Some(position) = position else {
        return Some(Position { ranges: all(), ..Position::default() });
    };
    let mut position = position.clone();
    if position.bound == 0 || (!resource.listing.by_created && !position.ranges.is_empty()) {
        position.ranges = all();
    }
    if position.ranges.last().is_some_and(|range| range.to == OPEN) {
        return Some(position);
    }
    let from = if resource.name == EVENTS {
        // The newest known event is read again: if it is gone, so is what lay before the oldest.
        Some(position.seen)
            .filter(|seen| *seen > 0)
            .unwrap_or(i64::MAX)
            .min(position.bound - LOOK_BACK)
    } else if !position.ranges.is_empty() {
        position.bound - LOOK_BACK
    } else {
        let days = resource.listing.relisted_days.filter(|_| now - position.complete >= rest)?;
        position.bound - days * DAY
    };
    position.ranges.push(Range { from: from.max(0), to: OPEN });
    Some(position)
}

/// The gap that follows from the time alone: everything is known up to some time, and events do
/// not reach back to it.
pub fn gap_by_age(positions: &BTreeMap<&'static str, Position>, now: i64) -> Option<Gap> {
    let known = |name: &str| {
        let position = positions.get(name)?;
        [position.complete, position.bound].into_iter().find(|at| *at > 0)
    };
    let lists = || listed().filter_map(|resource| known(resource.name)).min();
    let from = known(EVENTS).or_else(lists)?;
    (now - from > RETENTION).then_some(Gap { from, to: now - RETENTION })
}

/// The gap that shows in the events themselves: the newest one that we knew is young and gone.
pub fn gap_by_evidence(seen: i64, oldest: Option<i64>, now: i64) -> Option<Gap> {
    let should_be_there = seen > 0 && now - seen < RETENTION - DAY;
    let oldest = oldest.unwrap_or(now);
    (should_be_there && oldest > seen).then_some(Gap { from: seen, to: oldest })
}

/// Sets a resource to be read again from its beginning, beside what is known of it.
pub fn read_again(position: &mut Position, gap: &Gap) {
    let seen = position.seen;
    *position = Position { gap: gap.to, seen, ranges: vec![Range::ALL], ..Position::default() };
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_764_000_000;

    fn resource(name: &str) -> &'static Resource {
        listed().find(|resource| resource.name == name).unwrap()
    }

    fn done(bound: i64, seen: i64) -> Position {
        Position { bound, complete: bound, seen, ..Position::default() }
    }

    #[test]
    fn lists_are_read_once_and_events_from_the_last_time_on() {
        let first = plan(resource("customers"), None, NOW, 0).unwrap();
        assert_eq!(first.ranges, [Range::ALL]);
        assert_eq!(plan(resource("customers"), Some(&done(NOW, NOW)), NOW, 0), None);
        let next = plan(resource("events"), Some(&done(NOW, NOW - 5000)), NOW, 0).unwrap();
        assert_eq!(next.ranges, [Range { from: NOW - 5000, to: OPEN }]);
        let next = plan(resource("events"), Some(&done(NOW, NOW - 5)), NOW, 0).unwrap();
        assert_eq!(next.ranges, [Range { from: NOW - LOOK_BACK, to: OPEN }]);
        let again = plan(resource("balance_transactions"), Some(&done(NOW, NOW)), NOW, 0).unwrap();
        assert_eq!(again.ranges, [Range { from: NOW - 35 * DAY, to: OPEN }]);
        let rested = plan(resource("balance_transactions"), Some(&done(NOW, NOW)), NOW + 5, 60);
        assert_eq!(rested, None);
    }

    #[test]
    fn a_cut_reading_goes_on_and_takes_what_came_since() {
        let left = Range { from: 0, to: NOW - 9000 };
        let cut = Position { ranges: vec![left], complete: 0, ..done(NOW, NOW) };
        let next = plan(resource("customers"), Some(&cut), NOW, 0).unwrap();
        assert_eq!(next.ranges, [left, Range { from: NOW - LOOK_BACK, to: OPEN }]);
    }

    #[test]
    fn a_gap_shows_in_the_events() {
        let day = |n: i64| NOW - n * DAY;
        assert_eq!(gap_by_evidence(day(3), Some(day(3)), NOW), None);
        assert_eq!(gap_by_evidence(day(3), Some(day(4)), NOW), None);
        assert!(gap_by_evidence(day(3), Some(day(2)), NOW).is_some());
        assert!(gap_by_evidence(day(3), None, NOW).is_some());
        // An old one is gone because it is old.
        assert_eq!(gap_by_evidence(day(30), None, NOW), None);
        assert_eq!(gap_by_evidence(0, None, NOW), None);
    }

    #[test]
    fn a_gap_is_seen_by_age() {
        let positions = |at| BTreeMap::from([(EVENTS, done(at, 5))]);
        assert_eq!(gap_by_age(&positions(NOW - RETENTION), NOW), None);
        let gap = gap_by_age(&positions(NOW - RETENTION - 1), NOW).unwrap();
        assert_eq!(gap, Gap { from: NOW - RETENTION - 1, to: NOW - RETENTION });
        assert_eq!(gap_by_age(&BTreeMap::new(), NOW), None);
        // Lists that were read long ago, and events never.
        let lists = BTreeMap::from([("customers", done(NOW - 40 * DAY, 0))]);
        assert!(gap_by_age(&lists, NOW).is_some());
        let mut customers = done(NOW - 40 * DAY, 0);
        read_again(&mut customers, &gap);
        assert_eq!((customers.complete, customers.gap), (0, NOW - RETENTION));
        assert_eq!(gap_by_age(&BTreeMap::from([("customers", customers)]), NOW), None);
    }
}
