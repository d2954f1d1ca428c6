//! The leak check: the hypothesis run again as of a few past moments must give the signals that it
//! gives now up to that moment. One that does not saw facts from after its own signals.

use std::collections::{BTreeSet, HashSet};

use super::context::Leakage;
use super::signals::{Signal, Signals};
use crate::engine::Engine;
use crate::engine::options::Settings;
use crate::error::Result;
use crate::library::SqlFile;
use crate::time::{self, SECOND_US};

/// Shares of all signals that are known by a cutoff.
const QUANTILES: [usize; 3] = [25, 50, 75];
/// Signals drawn at random, each with a cutoff at its time and one a second before.
const DRAWN: u64 = 2;
/// Violations that are told one by one.
const EXAMPLES: usize = 3;

/// Runs the hypothesis as of each cutoff and compares with `full`, which it gave under `settings`.
pub async fn check(
    engine: &Engine,
    settings: &Settings,
    file: &SqlFile,
    full: &Signals,
) -> Result<Leakage> {
    let mut comparison = Comparison::of(full);
    let cutoffs = cutoffs(&comparison.times(), &file.sql_hash(), settings.as_of);
    for &cutoff in &cutoffs {
        let engine = engine.apart();
        let settings = Settings { as_of: cutoff, default_as_of: cutoff, ..settings.clone() };
        let then = Signals::of(&engine.fenced_session(settings)?, file).await?;
        comparison.compare(&then, cutoff);
    }
    Ok(comparison.result(cutoffs.len() as u64))
}

/// Past moments at which a look is worth most, in order of time; none if there is no signal.
fn cutoffs(sorted: &[i64], sql_hash: &str, as_of: i64) -> Vec<i64> {
    let Some(last) = sorted.len().checked_sub(1) else { return vec![] };
    let mut cutoffs: BTreeSet<i64> =
        QUANTILES.iter().map(|share| sorted[last * share / 100]).collect();
    for draw in 0..DRAWN {
        // Drawn anew for each query, alike in each run of it.
        let digest = blake3::hash(format!("{sql_hash}/{draw}").as_bytes());
        let drawn = u64::from_le_bytes(std::array::from_fn(|i| digest.as_bytes()[i]));
        let at = sorted[(drawn % sorted.len() as u64) as usize];
        cutoffs.extend([at, at - SECOND_US]);
    }
    cutoffs.into_iter().filter(|&cutoff| cutoff < as_of).collect()
}

/// Signals of now against signals of then.
struct Comparison<'a> {
    /// Sorted by fingerprint, each once.
    now: Vec<Signal<'a>>,
    needs_later_data: HashSet<u64>,
    withdrawn: HashSet<u64>,
    accounts: BTreeSet<String>,
    examples: Vec<String>,
}

impl<'a> Comparison<'a> {
    fn of(full: &'a Signals) -> Self {
        Self {
            now: distinct(full.iter().collect()),
            needs_later_data: HashSet::new(),
            withdrawn: HashSet::new(),
            accounts: BTreeSet::new(),
            examples: vec![],
        }
    }

    /// When each signal could be known, sorted.
    fn times(&self) -> Vec<i64> {
        let mut times: Vec<i64> = self.now.iter().map(|signal| signal.known_at).collect();
        times.sort_unstable();
        times
    }

    /// Notes what is on one side only of all that could be known by the cutoff.
    fn compare(&mut self, then: &Signals, cutoff: i64) {
        let then = distinct(then.iter().filter(|signal| signal.known_at <= cutoff).collect());
        let mut then = then.iter().peekable();
        let mut differing: Vec<(&Signal<'_>, &str)> = vec![];
        let (mut needs_later_data, mut withdrawn) = (vec![], vec![]);
        for now in self.now.iter().filter(|signal| signal.known_at <= cutoff) {
            while let Some(earlier) = then.next_if(|then| then.fingerprint < now.fingerprint) {
                withdrawn.push(earlier.fingerprint);
                differing.push((earlier, "is gone now"));
            }
            if then.next_if(|then| then.fingerprint == now.fingerprint).is_none() {
                needs_later_data.push(now.fingerprint);
                differing.push((now, "was not there yet"));
            }
        }
        for earlier in then {
            withdrawn.push(earlier.fingerprint);
            differing.push((earlier, "is gone now"));
        }
        differing.sort_by_key(|(signal, _)| (signal.known_at, signal.account_id));
        for (signal, what) in differing {
            if self.accounts.insert(signal.account_id.to_owned()) && self.examples.len() < EXAMPLES
            {
                let (account, at) = (signal.account_id, time::format_moment(signal.signal_at));
                let cutoff = time::format_moment(cutoff);
                self.examples.push(format!("{account}: as of {cutoff}, its signal of {at} {what}"));
            }
        }
        self.needs_later_data.extend(needs_later_data);
        self.withdrawn.extend(withdrawn);
    }

    fn result(self, cutoffs: u64) -> Leakage {
        if cutoffs == 0 {
            return Leakage::NotTested;
        }
        if self.accounts.is_empty() {
            return Leakage::Clean { cutoffs };
        }
        Leakage::Violated {
            cutoffs,
            needs_later_data: self.needs_later_data.len() as u64,
            withdrawn_by_later_data: self.withdrawn.len() as u64,
            accounts: self.accounts.into_iter().collect(),
            examples: self.examples,
        }
    }
}

/// As a set, in order of fingerprint.
fn distinct(mut signals: Vec<Signal<'_>>) -> Vec<Signal<'_>> {
    signals.sort_unstable_by_key(|signal| signal.fingerprint);
    signals.dedup_by_key(|signal| signal.fingerprint);
    signals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutoffs_are_past_and_repeat() {
        let times: Vec<i64> = (0..1000).map(|i| i * SECOND_US).collect();
        let first = cutoffs(&times, "hash", 999 * SECOND_US);
        assert_eq!(first, cutoffs(&times, "hash", 999 * SECOND_US));
        assert!((5..=7).contains(&first.len()), "{first:?}");
        assert!(first.iter().all(|&at| at < 999 * SECOND_US));
        assert!(cutoffs(&[], "hash", 5).is_empty());
        assert!(cutoffs(&[7], "hash", 7).is_empty() || cutoffs(&[7], "hash", 7)[0] < 7);
    }
}
