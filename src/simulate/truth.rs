//! `truth.json`: what was planted, and what somebody would count by hand.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Settings;
use super::account::{Account, Kind};
use super::calendar::AS_OF;
use super::cases::Case;
use super::company::{
    Behaviour, EFFECT, EXPORTS, HORIZON_DAYS, PLANS, PUBLISHED, TRIAL_DAYS, WINDOW_DAYS,
};
use crate::error::{Error, Result};

/// What kind of trap, or none, a behaviour is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Planted {
    Real,
    Null,
    Confounded,
    ImmortalTime,
    Leak,
}

/// A planted behaviour, and the file of the hypothesis about it.
#[derive(Debug)]
pub struct Hypothesis {
    pub name: &'static str,
    pub planted: Planted,
    pub behaviour: Behaviour,
    pub sql: &'static str,
}

macro_rules! hypothesis {
    ($name:literal, $planted:ident, $behaviour:ident) => {
        Hypothesis {
            name: $name,
            planted: Planted::$planted,
            behaviour: Behaviour::$behaviour,
            sql: include_str!(concat!("hypotheses/", $name, ".sql")),
        }
    };
}

pub const HYPOTHESES: [Hypothesis; 5] = [
    hypothesis!("published_a_workflow", Real, Published),
    hypothesis!("browsed_templates", Null, Browsed),
    hypothesis!("invited_a_teammate", Confounded, Invited),
    hypothesis!("wrote_a_comment", ImmortalTime, Commented),
    hypothesis!("exports_regularly", Leak, Exported),
];

impl Planted {
    /// The verdicts that are right. Of a hundred seeds about one has another for a behaviour
    /// without effect, as any test at this level.
    fn expected_verdicts(self) -> &'static [&'static str] {
        match self {
            Planted::Real => &["validated"],
            Planted::Leak => &["invalid"],
            _ => &["rejected", "not_enough_data"],
        }
    }
}

/// What is counted account by account.
#[derive(Debug, Default)]
pub struct Tally {
    cases: Vec<u64>,
    kinds: Map<String, Value>,
    trials: u64,
    counted: u64,
    naive: [Naive; HYPOTHESES.len()],
}

/// Accounts that ever did something, and those that never did, with the share that has paid.
#[derive(Debug, Default, Clone, Copy, Serialize)]
struct Naive {
    ever: Group,
    never: Group,
}

#[derive(Debug, Default, Clone, Copy, Serialize)]
struct Group {
    n: u64,
    converted: u64,
}

impl Tally {
    pub fn add(&mut self, account: &Account) {
        self.cases.resize(Case::ALL.len(), 0);
        for &(case, _) in Case::ALL {
            self.cases[case as usize] += u64::from(account.cases.has(case));
        }
        let trials = account.facts.subscriptions.iter().filter(|s| s.trial.is_some()).count();
        self.trials += trials as u64;
        if matches!(account.kind, Kind::TestMode | Kind::Internal) {
            return;
        }
        self.counted += 1;
        let has_paid = account.facts.has_paid();
        for (naive, hypothesis) in self.naive.iter_mut().zip(&HYPOTHESES) {
            let did = account.showed(hypothesis.behaviour);
            let group = if did { &mut naive.ever } else { &mut naive.never };
            group.n += 1;
            group.converted += u64::from(has_paid);
        }
    }

    /// The text of `truth.json`.
    pub fn text(
        &self,
        settings: &Settings,
        objects: &[(&'static str, u64)],
        events: u64,
    ) -> Result<String> {
        let objects: Map<String, Value> =
            objects.iter().map(|&(name, count)| (name.to_owned(), json!(count))).collect();
        let cases: Map<String, Value> = Case::ALL
            .iter()
            .map(|&(case, name)| (name.to_owned(), json!(self.cases.get(case as usize))))
            .collect();
        let behaviours: Vec<Value> = HYPOTHESES
            .iter()
            .zip(&self.naive)
            .map(|(hypothesis, naive)| behaviour(hypothesis, naive))
            .collect();
        let truth = json!({
            "seed": settings.seed,
            "accounts": settings.accounts,
            "events": events,
            "events_wanted": settings.events,
            "shape": settings.shape,
            "as_of": AS_OF,
            "trial_days": TRIAL_DAYS,
            "window_days": WINDOW_DAYS,
            "horizon_days": HORIZON_DAYS,
            "trials": self.trials,
            "objects": objects,
            "accounts_by_case": cases,
            "accounts_counted_by_hand": self.counted,
            "behaviours": behaviours,
        });
        let text = serde_json::to_string_pretty(&truth);
        Ok(text.map_err(|error| Error::new(error.to_string()))? + "\n")
    }
}

fn behaviour(hypothesis: &Hypothesis, naive: &Naive) -> Value {
    let sentence = hypothesis.sql.lines().next().unwrap_or_default().trim_start_matches("-- ");
    json!({
        "hypothesis": hypothesis.name,
        "kind": hypothesis.planted,
        "sentence": sentence,
        "event": hypothesis.behaviour.event(),
        "times": if hypothesis.planted == Planted::Leak { EXPORTS } else { 1 },
        "planted_conversion": planted_conversion(hypothesis.planted),
        "naive": naive,
        "expected_verdicts": hypothesis.planted.expected_verdicts(),
    })
}

/// Probability of net conversion of trials that are compared, by plan and arm. Nothing is planted
/// for the leak: its arms are made by what came later.
fn planted_conversion(planted: Planted) -> Option<Map<String, Value>> {
    let share = |per_mille: u64| per_mille as f64 / 1000.0;
    let arms = |base: u64| match planted {
        Planted::Real => Some((base + EFFECT, base)),
        Planted::Leak => None,
        // Some of both arms publish a workflow.
        _ => Some((base + EFFECT * PUBLISHED / 1000, base + EFFECT * PUBLISHED / 1000)),
    };
    PLANS
        .iter()
        .map(|plan| {
            let (exposed, control) = arms(plan.base)?;
            let arms = json!({ "exposed": share(exposed), "control": share(control) });
            Some((format!("prod_{}", plan.key), arms))
        })
        .collect()
}
