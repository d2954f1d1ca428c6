//! What of a list is still unread: ranges of times of creation, the newest first.
//!
//! A list answers newest first and takes bounds, so a range that has more can be cut in two that
//! are read at the same time. The first page freezes the upper end: what is created later stands
//! before it and belongs to the next reading.

use std::collections::HashMap;

use super::super::api::{Failure, Kind};

/// No upper bound.
pub const OPEN: i64 = i64::MAX;
/// Nothing was created at Stripe before 2011; what claims so is found all the same.
const BEGINNING: i64 = 1_293_840_000;
/// How often a page may come that brings nothing new.
const STALLS: u32 = 8;
/// Ranges that are remembered; neighbours are joined if there are more.
const REMEMBERED: usize = 32;

/// Created at `from` or later and before `to`, unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    pub from: i64,
    pub to: i64,
}

impl Range {
    pub const ALL: Self = Self { from: 0, to: OPEN };
}

/// A range and how far its reading has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub range: Range,
    /// Which part of the list, of one that shows itself in parts.
    pub part: usize,
    /// Read from behind this object on.
    pub after: Option<String>,
    stalls: u32,
}

impl Unread {
    /// Whether an object of that time belongs here; what does not is on a page that nobody asked
    /// for.
    pub fn holds(&self, created: i64) -> bool {
        (self.range.from..self.range.to).contains(&created)
    }
}

/// What a page showed.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// When the oldest object of the page was created.
    pub oldest: Option<i64>,
    pub last_id: Option<String>,
    /// Whether the page was in order, so that its last object is its oldest.
    pub is_ordered: bool,
    pub has_more: bool,
}

/// The unread ranges of one list, and those that are being read.
#[derive(Debug, Default)]
pub struct Ranges {
    waiting: Vec<Unread>,
    reading: HashMap<u64, Unread>,
    tickets: u64,
    /// Whether the list takes bounds.
    by_created: bool,
}

impl Ranges {
    /// What is unread of all `parts`.
    pub fn new(mut ranges: Vec<Range>, parts: usize, by_created: bool) -> Self {
        ranges.sort_unstable();
        let unread =
            |range| (0..parts).map(move |part| Unread { range, part, after: None, stalls: 0 });
        Self {
            waiting: ranges.into_iter().flat_map(unread).collect(),
            by_created,
            ..Self::default()
        }
    }

    /// The range to read next, and its ticket.
    pub fn take(&mut self) -> Option<(u64, Unread)> {
        let unread = self.waiting.pop()?;
        self.tickets += 1;
        self.reading.insert(self.tickets, unread.clone());
        Some((self.tickets, unread))
    }

    /// Gives a range back unread.
    pub fn put_back(&mut self, ticket: u64) {
        self.waiting.extend(self.reading.remove(&ticket));
    }

    /// Gives a range back whose cursor the list no longer knows: it goes on by time.
    pub fn put_back_without_cursor(&mut self, ticket: u64) {
        let unread = self.reading.remove(&ticket);
        self.waiting.extend(unread.map(|unread| Unread { after: None, ..unread }));
    }

    /// Takes note of a page; with `may_split`, what is left of its range is cut in two.
    pub fn read(&mut self, ticket: u64, seen: &Seen, may_split: bool) -> Result<(), Failure> {
        let Some(was) = self.reading.remove(&ticket) else { return Ok(()) };
        if !seen.has_more {
            return Ok(());
        }
        let now = self.rest(&was, seen);
        if now.stalls > STALLS {
            return Err(Failure::new(
                Kind::Transient,
                "the list gives the same page again and again",
            ));
        }
        let middle = now.range.from.max(BEGINNING).midpoint(now.range.to.min(i64::MAX / 2));
        let is_inside = now.range.from < middle && middle < now.range.to && now.range.to != OPEN;
        if may_split && self.by_created && is_inside && now.stalls == 0 {
            let lower = Range { from: now.range.from, to: middle };
            self.waiting.push(Unread { range: lower, part: now.part, after: None, stalls: 0 });
            let upper = Range { from: middle, to: now.range.to };
            self.waiting.push(Unread { range: upper, ..now });
        } else {
            self.waiting.push(now);
        }
        Ok(())
    }

    /// What of a range is left after a page that was not the last.
    fn rest(&self, was: &Unread, seen: &Seen) -> Unread {
        let stalled = Unread { stalls: was.stalls + 1, ..was.clone() };
        if !self.by_created {
            let has_moved = seen.last_id.is_some() && seen.last_id != was.after;
            let after = seen.last_id.clone();
            return if has_moved { Unread { after, stalls: 0, ..was.clone() } } else { stalled };
        }
        // A page may come twice: one that reaches less far than we are brings us nowhere.
        let Some(oldest) = seen.oldest.filter(|oldest| *oldest < was.range.to) else {
            return stalled;
        };
        let range = Range { from: was.range.from, to: oldest + 1 };
        // More than a page can be created in one second; then only the cursor leads on.
        let needs_cursor = range == was.range;
        let after = (seen.is_ordered || needs_cursor).then(|| seen.last_id.clone()).flatten();
        if needs_cursor && after == was.after {
            return stalled;
        }
        let stalls = if needs_cursor { was.stalls } else { 0 };
        Unread { range, part: was.part, after, stalls }
    }

    /// Everything unread of any part, also what is on its way.
    pub fn remaining(&self) -> Vec<Range> {
        let unread = self.waiting.iter().chain(self.reading.values());
        let mut ranges: Vec<Range> = unread.map(|unread| unread.range).collect();
        ranges.sort_unstable();
        let mut joined: Vec<Range> = Vec::new();
        for range in ranges {
            match joined.last_mut() {
                Some(last) if range.from <= last.to => last.to = last.to.max(range.to),
                _ => joined.push(range),
            }
        }
        while joined.len() > REMEMBERED {
            let oldest = joined.remove(0);
            joined[0].from = oldest.from;
        }
        joined
    }

    /// The share of the time up to `bound` that is unread, for a progress bar.
    pub fn unread_share(&self, bound: i64) -> f64 {
        let all = (bound - BEGINNING).max(1) as f64;
        let span = |range: &Range| (range.to.min(bound) - range.from.max(BEGINNING)).max(0) as f64;
        (self.remaining().iter().map(span).sum::<f64>() / all).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAGE: usize = 3;

    /// A list of objects, each with the second of its creation, newest first.
    struct List(Vec<(String, i64)>);

    impl List {
        fn new(mut created: Vec<i64>) -> Self {
            created.sort_unstable_by_key(|second| std::cmp::Reverse(*second));
            let named = created.into_iter().enumerate();
            Self(named.map(|(i, second)| (format!("o{i}"), second)).collect())
        }

        fn page(&self, unread: &Unread) -> (Vec<(String, i64)>, bool) {
            let start = unread.after.as_ref().map_or(0, |after| {
                self.0.iter().position(|(id, _)| id == after).map_or(0, |at| at + 1)
            });
            let mut rest = self.0[start..]
                .iter()
                .filter(|(_, second)| (unread.range.from..unread.range.to).contains(second));
            let page: Vec<_> = rest.by_ref().take(PAGE).cloned().collect();
            (page, rest.next().is_some())
        }
    }

    fn seen(page: &[(String, i64)], has_more: bool) -> Seen {
        Seen {
            oldest: page.iter().map(|(_, second)| *second).min(),
            last_id: page.last().map(|(id, _)| id.clone()),
            is_ordered: page.is_sorted_by_key(|(_, second)| std::cmp::Reverse(*second)),
            has_more,
        }
    }

    proptest! {
        #[test]
        fn every_object_is_read_whatever_the_pages_look_like(
            created in prop::collection::vec(1_600_000_000_i64..1_600_000_400, 0..200),
            stop_after in 0_usize..60,
            tricks in prop::collection::vec(0_u8..12, 400),
        ) {
            let list = List::new(created);
            let mut found = std::collections::BTreeSet::new();
            let mut ranges = Ranges::new(vec![Range::ALL], 1, true);
            let mut last_page = vec![];
            let mut requests = 0;
            for (turn, trick) in tricks.iter().cycle().enumerate() {
                // A stop forgets all but the remembered ranges.
                if turn == stop_after {
                    ranges = Ranges::new(ranges.remaining(), 1, true);
                }
                let Some((ticket, unread)) = ranges.take() else { break };
                let (mut page, mut has_more) = list.page(&unread);
                requests += 1;
                match trick {
                    0 => page.reverse(),
                    1 if has_more && !last_page.is_empty() => page = std::mem::take(&mut last_page),
                    2 => { ranges.put_back(ticket); continue }
                    3 if unread.after.is_some() => { ranges.put_back_without_cursor(ticket); continue }
                    4 if page.is_empty() => has_more = false,
                    _ => {}
                }
                if !page.iter().all(|(_, second)| unread.holds(*second)) {
                    ranges.put_back(ticket);
                    continue;
                }
                last_page.clone_from(&page);
                found.extend(page.iter().map(|(id, _)| id.clone()));
                ranges.read(ticket, &seen(&page, has_more), turn % 3 != 0).unwrap();
                prop_assert!(turn < 20_000);
            }
            prop_assert_eq!(found.len(), list.0.len());
            prop_assert!(ranges.remaining().is_empty());
            prop_assert!(requests > 0);
        }
    }

    #[test]
    fn splitting_costs_at_most_twice_the_pages() {
        for (objects, step) in [(1, 1), (3, 7), (1_000, 86_400), (1_000, 0), (10_000, 97)] {
            let list = List::new((0..objects).map(|i| 1_500_000_000 + i * step).collect());
            let mut ranges = Ranges::new(vec![Range::ALL], 1, true);
            let mut requests = 0;
            let mut in_flight = vec![];
            loop {
                while in_flight.len() < 6 {
                    let Some(next) = ranges.take() else { break };
                    in_flight.push(next);
                }
                if in_flight.is_empty() {
                    break;
                }
                let (ticket, unread) = in_flight.remove(0);
                let (page, has_more) = list.page(&unread);
                requests += 1;
                ranges.read(ticket, &seen(&page, has_more), in_flight.len() < 6).unwrap();
            }
            let least = usize::try_from(objects).unwrap().div_ceil(PAGE);
            assert!(requests <= 2 * least + 8, "{objects} {step}: {requests}, least {least}");
        }
    }

    #[test]
    fn a_list_that_stands_still_is_a_failure() {
        let mut ranges = Ranges::new(vec![Range::ALL], 1, true);
        let page =
            Seen { oldest: Some(5), last_id: Some("x".into()), is_ordered: true, has_more: true };
        let error = (0..50).find_map(|_| {
            let (ticket, _) = ranges.take()?;
            ranges.read(ticket, &page, false).err()
        });
        assert!(error.is_some());
    }

    #[test]
    fn a_time_is_read_when_all_parts_of_the_list_are() {
        let mut ranges = Ranges::new(vec![Range::ALL], 2, true);
        let last = Seen::default();
        for part in [1, 0] {
            assert_eq!(ranges.remaining(), [Range::ALL]);
            let (ticket, unread) = ranges.take().unwrap();
            assert_eq!(unread.part, part);
            ranges.read(ticket, &last, true).unwrap();
        }
        assert!(ranges.remaining().is_empty());
    }

    #[test]
    fn what_is_on_its_way_counts_as_unread_and_neighbours_are_one() {
        let range = |from, to| Range { from, to };
        let mut ranges = Ranges::new(vec![range(0, 10), range(10, 20), range(30, OPEN)], 1, true);
        ranges.take().unwrap();
        assert_eq!(ranges.remaining(), [range(0, 20), range(30, OPEN)]);
    }
}
