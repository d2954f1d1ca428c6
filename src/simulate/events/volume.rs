//! How many events there are on each day, so that the wanted total is met to the event.

use crate::simulate::account::Account;
use crate::simulate::calendar::{AS_OF, DAYS, day_of, is_weekend};

/// New users look around for so many days, and do so much more then.
pub const NEW_DAYS: i64 = 5;
pub const NEW_FACTOR: u64 = 3;

/// What all accounts together do, counted before any event is written.
#[derive(Debug)]
pub struct Volume {
    /// What begins and ends on a day, of how much is done a day.
    changes: Vec<i64>,
    /// Events that must be there.
    pub planted: u64,
}

impl Default for Volume {
    fn default() -> Self {
        Self { changes: vec![0; DAYS + 1], planted: 0 }
    }
}

impl Volume {
    /// Counts an account.
    pub fn add(&mut self, account: &Account) {
        let Some(&(first, _)) = account.active.first() else { return };
        // Signing up is an event too.
        self.planted += 1 + account.shown.len() as u64;
        let intensity = account.intensity as i64;
        for &(from, to) in &account.active {
            self.span(day_of(from), day_of(to), intensity);
        }
        let last = account.active[0].1;
        let new_until = (day_of(first) + NEW_DAYS - 1).min(day_of(last));
        self.span(day_of(first), new_until, intensity * (NEW_FACTOR as i64 - 1));
    }

    fn span(&mut self, from: i64, to: i64, weight: i64) {
        let last = day_of(AS_OF - 1);
        let place = |day: i64| day.clamp(0, last + 1) as usize;
        self.changes[place(from)] += weight;
        self.changes[place(to.min(last) + 1)] -= weight;
    }

    /// How many events fill up each day, so that with the planted ones there are `events`.
    pub fn per_day(&self, events: u64) -> Vec<u64> {
        let wanted = events.saturating_sub(self.planted);
        let mut level = 0_i64;
        let weights: Vec<u64> = (0..DAYS)
            .map(|day| {
                level += self.changes[day];
                // Somebody always looks at the site.
                (level.max(0) as u64 + 1) * if is_weekend(day) { 3 } else { 10 }
            })
            .collect();
        shares(wanted, &weights)
    }
}

/// Cuts a number into parts in proportion to the weights; the parts add up to it.
pub fn shares(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    let (mut before, mut given) = (0_u128, 0_u64);
    weights
        .iter()
        .map(|&weight| {
            before += u128::from(weight);
            let until = (u128::from(total) * before).checked_div(sum).unwrap_or_default() as u64;
            let part = until - given;
            given = until;
            part
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_add_up(
            total in 0_u64..1_000_000,
            weights in proptest::collection::vec(0_u64..1000, 1..50),
        ) {
            let parts = shares(total, &weights);
            let expected = if weights.iter().all(|&w| w == 0) { 0 } else { total };
            prop_assert_eq!(parts.iter().sum::<u64>(), expected);
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(*weight > 0 || *part == 0);
            }
        }
    }
}
