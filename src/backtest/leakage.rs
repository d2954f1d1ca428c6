//! The leak check: the hypothesis run again as of a few past moments must give the signals that it
//! gives now up to that moment. One that does not saw facts from after its own signals.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use futures::future::try_join_all;

use super::context::Leakage;
use super::signals::{Signal, Signals};
use crate::engine::options::Settings;
use crate::engine::{Engine, Recall};
use crate::error::Result;
use crate::library::SqlFile;
use crate::time::{self, SECOND_US};

/// Violations that are told one by one.
const EXAMPLES: usize = 3;
/// One look does not keep both cores busy.
const LOOKS_AT_ONCE: usize = 2;
/// Shares of all trials that have started by a cutoff, in percent: alike for every hypothesis of a
/// company, so that their looks at the past are shared.
const QUANTILES: [usize; 3] = [25, 50, 75];

/// Looks at the past, each computed once for all hypotheses of a run.
pub struct Past {
    engine: Engine,
    shared: HashMap<i64, Engine>,
}

impl Past {
    pub fn new(engine: &Engine) -> Self {
        Self { engine: engine.clone(), shared: HashMap::new() }
    }

    fn at(&mut self, cutoff: i64, is_shared: bool) -> Engine {
        if is_shared {
            let engine = self.shared.entry(cutoff).or_insert_with(|| self.engine.apart());
            return engine.clone();
        }
        self.engine.apart()
    }

    /// Runs the hypothesis as of each cutoff and compares with `full`, which it gave under
    /// `settings`; events are those of `recall`; `trials` are the starts of all trials.
    pub async fn check(
        &mut self,
        settings: &Settings,
        recall: &Recall,
        file: &SqlFile,
        full: &Signals,
        trials: Vec<i64>,
    ) -> Result<Leakage> {
        let mut comparison = Comparison::of(full);
        let cutoffs = cutoffs(&comparison.times(), trials, &file.sql_hash(), settings.as_of);
        let looks: Vec<_> = cutoffs
            .iter()
            .map(|(&cutoff, &is_shared)| (cutoff, self.at(cutoff, is_shared).recalling(recall)))
            .collect();
        for looks in looks.chunks(LOOKS_AT_ONCE) {
            let signals = looks.iter().map(|(cutoff, engine)| {
                let as_of = *cutoff;
                let settings = Settings { as_of, default_as_of: as_of, ..settings.clone() };
                async move { Signals::of(&engine.fenced_session(settings)?, file).await }
            });
            let signals: Vec<Signals> = try_join_all(signals.collect::<Vec<_>>()).await?;
            for ((cutoff, _), then) in looks.iter().zip(signals) {
                comparison.compare(&then, *cutoff);
            }
        }
        Ok(comparison.result(cutoffs.len() as u64))
    }
}

/// Past moments at which a look is worth most, and whether other hypotheses look there too; none
/// if there is no signal. `known` is sorted.
fn cutoffs(known: &[i64], mut trials: Vec<i64>, sql_hash: &str, as_of: i64) -> BTreeMap<i64, bool> {
    let mut cutoffs = BTreeMap::new();
    if known.is_empty() {
        return cutoffs;
    }
    trials.sort_unstable();
    // Drawn anew for each query, alike in each run of it.
    let digest = blake3::hash(sql_hash.as_bytes());
    let drawn = u64::from_le_bytes(std::array::from_fn(|i| digest.as_bytes()[i]));
    let at = known[(drawn % known.len() as u64) as usize];
    cutoffs.extend([(at, false), (at - SECOND_US, false)]);
    if let Some(last) = trials.len().checked_sub(1) {
        cutoffs.extend(QUANTILES.map(|share| (trials[last * share / 100], true)));
    }
    cutoffs.retain(|&cutoff, _| cutoff < as_of);
    cutoffs
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
        let as_of = 999 * SECOND_US;
        let first = cutoffs(&times, times.clone(), "hash", as_of);
        assert_eq!(first, cutoffs(&times, times.clone(), "hash", as_of));
        assert_eq!(first.len(), 5, "{first:?}");
        assert!(first.keys().all(|&at| at < as_of));
        assert!(cutoffs(&[], times, "hash", as_of).is_empty());
    }
}
