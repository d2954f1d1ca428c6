//! What was found in a file so far.

use std::collections::BTreeMap;
use std::path::Path;

use super::events::EventCounts;
use super::preset::Preset;
use crate::sync::report::{Diagnostics, Guess, KEPT, Refusal, Rejected};

/// What was found so far; that of the parts of a file adds up.
#[derive(Debug, Default)]
pub struct Tally {
    pub rows: u64,
    pub rejected: u64,
    pub problems: Vec<Rejected>,
    /// From some place on nothing could be read.
    pub is_cut: bool,
    pub saw_stripe: bool,
    pub posthog: EventCounts,
    pub events: EventCounts,
    /// Persons and groups of PostHog.
    pub latest: u64,
    pub guesses: Vec<Guess>,
    /// The tool whose export it is.
    pub preset: Option<Preset>,
    /// What is said of the file, and of how many.
    pub notes: BTreeMap<String, u64>,
    /// Records that give a name twice, and the first of them: the name, and the line.
    pub given_twice: (u64, Option<(String, u64)>),
    /// Stripe objects whose kind has no table, by kind.
    pub without_table: BTreeMap<String, u64>,
    pub stripe_diagnostics: Diagnostics,
    pub event_diagnostics: Diagnostics,
}

impl Tally {
    /// Adds that of a later part.
    pub fn append(&mut self, later: Self) {
        self.rows += later.rows;
        self.rejected += later.rejected;
        for problem in later.problems {
            self.keep(problem);
        }
        self.is_cut |= later.is_cut;
        self.saw_stripe |= later.saw_stripe;
        self.posthog.add(later.posthog);
        self.events.add(later.events);
        self.latest += later.latest;
        let known = |guess: &Guess| self.guesses.iter().any(|known| known.column == guess.column);
        let new: Vec<Guess> = later.guesses.into_iter().filter(|guess| !known(guess)).collect();
        self.guesses.extend(new);
        self.preset = self.preset.or(later.preset);
        for (what, count) in later.notes {
            *self.notes.entry(what).or_default() += count;
        }
        let (count, first) = later.given_twice;
        self.given_twice.0 += count;
        self.given_twice.1 = self.given_twice.1.take().or(first);
        for (kind, count) in later.without_table {
            *self.without_table.entry(kind).or_default() += count;
        }
        self.stripe_diagnostics.append(later.stripe_diagnostics);
        self.event_diagnostics.append(later.event_diagnostics);
    }

    pub fn note(&mut self, count: u64, what: impl Into<String>) {
        if count > 0 {
            *self.notes.entry(what.into()).or_default() += count;
        }
    }

    /// Keeps the first problems word for word; of those that one hint answers, only one.
    fn keep(&mut self, problem: Rejected) {
        let is_alike = |kept: &Rejected| problem.hint.is_some() && kept.is_alike(&problem);
        match self.problems.iter().position(is_alike) {
            Some(place) => self.problems[place].alike += 1 + problem.alike,
            None if self.problems.len() < KEPT => self.problems.push(problem),
            None => {}
        }
    }

    pub fn reject(&mut self, path: &Path, line: Option<u64>, refusal: Refusal) {
        self.rejected += 1;
        if self.problems.len() < KEPT || refusal.hint.is_some() {
            let Refusal { field, reason, hint } = refusal;
            let path = path.to_owned();
            self.keep(Rejected { path, line, field, reason, hint, alike: 0 });
        }
    }
}
