//! The two years of the simulated company: when it ends, when people work, when they sign up.

use chrono::{DateTime, Months};

use super::random::{Random, Streams};

pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 3_600;
pub const DAY: i64 = 86_400;

/// The end of simulated time, 2026-01-01: nothing happens after it.
pub const AS_OF: i64 = 1_767_225_600;
pub const DAYS: usize = 730;
/// The first moment, 2024-01-02, a Tuesday.
pub const START: i64 = AS_OF - DAYS as i64 * DAY;
/// When the catalogue was made.
pub const LONG_AGO: i64 = START - 200 * DAY;
/// Stripe keeps events for so long.
pub const EVENTS_KEPT: i64 = 30 * DAY;
pub const EVENTS_SINCE: i64 = AS_OF - EVENTS_KEPT;

/// How much happens in each hour of the day, UTC, where most users are in Europe and America.
const HOURS: [(i64, u64); 24] = [
    (0, 2),
    (1, 1),
    (2, 1),
    (3, 1),
    (4, 1),
    (5, 2),
    (6, 4),
    (7, 7),
    (8, 9),
    (9, 10),
    (10, 9),
    (11, 7),
    (12, 8),
    (13, 10),
    (14, 11),
    (15, 11),
    (16, 10),
    (17, 8),
    (18, 6),
    (19, 5),
    (20, 4),
    (21, 4),
    (22, 3),
    (23, 2),
];

/// The day of a moment, counted from the first one.
pub fn day_of(at: i64) -> i64 {
    (at - START).div_euclid(DAY)
}

pub fn day_start(day: usize) -> i64 {
    START + day as i64 * DAY
}

/// A second of a day, mostly in working hours.
pub fn time_of_day(random: &mut Random) -> i64 {
    random.choose(&HOURS) * HOUR + random.between(0, HOUR)
}

pub fn is_weekend(day: usize) -> bool {
    // The first day is a Tuesday.
    matches!((day + 1) % 7, 5 | 6)
}

/// The same day of a later month, or its last one.
pub fn add_months(at: i64, months: u32) -> i64 {
    let moved = DateTime::from_timestamp(at, 0)
        .and_then(|moment| moment.checked_add_months(Months::new(months)));
    moved.map_or(i64::MAX, |moment| moment.timestamp())
}

/// On which day each account comes: more from month to month, fewer at weekends, no two weeks
/// alike. Accounts are numbered in the order of their days.
#[derive(Debug)]
pub struct Arrivals {
    accounts: u64,
    /// The sum of weights before each day, and at last of all.
    before: Vec<u64>,
}

impl Arrivals {
    pub fn new(seed: u64, accounts: u64) -> Self {
        let weeks = Streams::new(seed, "weeks");
        let mut before = Vec::with_capacity(DAYS + 1);
        let mut sum = 0;
        for day in 0..DAYS {
            before.push(sum);
            let trend = 600 + 800 * day as u64 / DAYS as u64;
            let noise = 85 + weeks.stream(day as u64 / 7).below(31);
            sum += trend * noise * if is_weekend(day) { 5 } else { 10 };
        }
        before.push(sum);
        Self { accounts, before }
    }

    /// The numbers of the accounts that come on a day.
    pub fn on(&self, day: usize) -> std::ops::Range<u64> {
        self.first_from(self.before[day])..self.first_from(self.before[day + 1])
    }

    pub fn day(&self, account: u64) -> usize {
        let at = self.place(account);
        self.before.partition_point(|&sum| sum <= at) - 1
    }

    /// Where an account stands among all weights: in the middle of its share.
    fn place(&self, account: u64) -> u64 {
        let total = u128::from(self.before[DAYS]);
        (u128::from(2 * account + 1) * total / u128::from(2 * self.accounts)) as u64
    }

    /// The first account that stands at `sum` or after it.
    fn first_from(&self, sum: u64) -> u64 {
        let (mut low, mut high) = (0, self.accounts);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.place(middle) < sum { low = middle + 1 } else { high = middle }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn months_end_where_they_end() {
        let last_of_january = 1_706_659_200;
        assert_eq!(add_months(last_of_january, 1), 1_709_164_800, "29 February");
        assert_eq!(add_months(last_of_january, 2), last_of_january + 60 * DAY);
    }

    proptest! {
        #[test]
        fn every_account_comes_on_one_day(seed: u64, accounts in 1_u64..3000) {
            let arrivals = Arrivals::new(seed, accounts);
            let mut next = 0;
            for day in 0..DAYS {
                let range = arrivals.on(day);
                prop_assert_eq!(range.start, next);
                next = range.end;
                for account in range {
                    prop_assert_eq!(arrivals.day(account), day);
                }
            }
            prop_assert_eq!(next, accounts);
        }
    }
}
