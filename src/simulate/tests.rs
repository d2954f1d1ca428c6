//! The company as planned: everything happens in it, and the gates see what was planted.

use super::account::{Account, Kind, World};
use super::calendar::{AS_OF, DAY};
use super::cases::Case;
use super::company::{Behaviour, HORIZON_DAYS, PLANS, WINDOW_DAYS};
use super::facts::Facts;
use super::truth::{HYPOTHESES, Planted};
use crate::backtest::context::Leakage;
use crate::backtest::figures::Figures;
use crate::backtest::row::{Exclusion, TrialRow};
use crate::backtest::spec::{Gates, Spec};
use crate::backtest::verdict::{Evidence, Ruling};

const SECOND: i64 = 1_000_000;

fn accounts(seed: u64, count: u64) -> Vec<Account> {
    let world = World::new(seed, count);
    (0..count).map(|number| world.account(number)).collect()
}

#[test]
fn everything_happens_among_1500_accounts() {
    for seed in 0..8 {
        let accounts = accounts(seed, 1_500);
        for (case, name) in Case::ALL {
            let count = accounts.iter().filter(|account| account.cases.has(*case)).count();
            assert!(count > 0, "seed {seed}: {name} never happens");
        }
    }
}

#[test]
fn some_trials_that_published_are_running() {
    for seed in 0..20 {
        let accounts = accounts(seed, 1_500);
        let firing = accounts.iter().filter(|account| is_firing(account)).count();
        assert!(firing >= 8, "seed {seed}: {firing} accounts fire");
    }
}

/// On trial at the end, not paid, and has published within the window.
fn is_firing(account: &Account) -> bool {
    let trial = account.facts.subscriptions.iter().find(|s| s.created == account.trial_start);
    let is_running = trial.is_some_and(|trial| {
        trial.ends_at.is_none_or(|end| end > AS_OF)
            && trial.trial.is_some_and(|trial| trial.end > AS_OF)
    });
    let landmark = account.trial_start.saturating_add(WINDOW_DAYS * DAY);
    let has_published =
        account.shown.iter().any(|&(at, shown)| shown == Behaviour::Published && at <= landmark);
    let is_counted = !matches!(account.kind, Kind::TestMode | Kind::Internal);
    is_counted && is_running && has_published && !account.facts.has_paid()
}

#[test]
fn nothing_is_made_after_the_end_of_time() {
    for account in accounts(3, 3_000) {
        let Facts { customers, subscriptions, invoices, charges, refunds, disputes, .. } =
            &account.facts;
        let created = customers.iter().map(|c| c.created);
        let created = created.chain(subscriptions.iter().map(|s| s.created));
        let created = created.chain(invoices.iter().map(|i| i.created));
        let created = created.chain(charges.iter().map(|c| c.created));
        let created = created.chain(refunds.iter().map(|r| r.created));
        let mut created = created.chain(disputes.iter().map(|d| d.created));
        assert!(created.all(|at| at <= AS_OF));
        assert!(account.active.iter().all(|&(from, to)| from <= to && to <= AS_OF), "{account:?}");
        assert!(account.shown.is_sorted());
    }
}

#[test]
fn who_converts_keeps_the_money_and_who_does_not_never_has_it() {
    for account in accounts(5, 4_000) {
        let is_mature = account.trial_start + HORIZON_DAYS * DAY <= AS_OF;
        if is_mature && matches!(account.kind, Kind::Ordinary | Kind::NeverSeen) {
            let horizon = account.trial_start + HORIZON_DAYS * DAY;
            let converted = net_conversion(&account).is_some_and(|at| at <= horizon);
            assert_eq!(converted, account.converts, "{account:?}");
        }
    }
}

/// The first payment after the start of the trial that is not wholly taken back by the horizon.
fn net_conversion(account: &Account) -> Option<i64> {
    let facts = &account.facts;
    let until = account.trial_start + HORIZON_DAYS * DAY;
    let is_kept = |index: &usize| {
        let of = |charge: usize| facts.charges[charge].invoice == *index;
        let refunds = facts.refunds.iter().filter(|r| of(r.charge) && r.created <= until);
        let lost = facts
            .disputes
            .iter()
            .filter(|d| of(d.charge) && !d.is_won && d.decided_at <= AS_OF && d.created <= until);
        let back = refunds.map(|r| r.amount).sum::<i64>()
            + lost.map(|_| facts.invoices[*index].total()).sum::<i64>();
        back < facts.invoices[*index].total()
    };
    let paid = (0..facts.invoices.len()).filter(|&i| facts.invoices[i].total() > 0);
    let kept = paid.filter(is_kept).filter_map(|i| facts.invoices[i].paid_at);
    kept.filter(|&at| at > account.trial_start).min()
}

#[test]
fn the_gates_see_what_was_planted() {
    let seeds = std::env::var("SIMULATE_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let mut wrong = vec![];
    for seed in 0..seeds {
        let accounts = accounts(seed, 1_500);
        for hypothesis in HYPOTHESES.iter().filter(|h| h.planted != Planted::Leak) {
            let rows: Vec<TrialRow> =
                accounts.iter().filter_map(|a| row(a, hypothesis.behaviour)).collect();
            let spec = spec(hypothesis.name);
            let figures = Figures::of(&spec, &rows, AS_OF * SECOND);
            let clean = Leakage::NotTested;
            let verdict = Evidence::of(&spec, &figures, &clean, None).verdict();
            let is_validated = verdict.ruling == Ruling::Validated;
            if is_validated != (hypothesis.planted == Planted::Real) {
                wrong.push(format!("seed {seed}: {} {verdict:?}", hypothesis.name));
            }
            let rate = figures.signal_rate().unwrap_or_default();
            assert!((0.33..0.47).contains(&rate), "seed {seed}: {}: {rate}", hypothesis.name);
        }
    }
    assert!(wrong.len() as u64 <= seeds / 25, "{} of {seeds}: {wrong:#?}", wrong.len());
}

fn spec(name: &str) -> Spec {
    Spec {
        name: name.to_owned(),
        statement: String::new(),
        path: None,
        sql_hash: String::new(),
        population: "trials".to_owned(),
        outcome: "net_conversion".to_owned(),
        window_us: WINDOW_DAYS * DAY * SECOND,
        horizon_us: HORIZON_DAYS * DAY * SECOND,
        strata: Some("product".to_owned()),
        split_at: None,
        delta_min: None,
        gates: Gates::default(),
        min_identity_confidence: 0.7,
        expect: None,
        signal: None,
    }
}

/// The row of an account's first trial, as the rules make it.
fn row(account: &Account, behaviour: Behaviour) -> Option<TrialRow> {
    let t0 = account.trial_start;
    if t0 > AS_OF {
        return None;
    }
    let (landmark, horizon) = (t0 + WINDOW_DAYS * DAY, t0 + HORIZON_DAYS * DAY);
    let facts = &account.facts;
    let paid = facts.invoices.iter().filter(|i| i.total() > 0).filter_map(|i| i.paid_at);
    let gross = paid.filter(|&at| at > t0).min();
    let is_alive = facts
        .subscriptions
        .iter()
        .any(|s| s.created <= landmark && s.ends_at.is_none_or(|end| end > landmark));
    let exclusion = match account.kind {
        Kind::TestMode => Some(Exclusion::TestMode),
        Kind::Internal => Some(Exclusion::Internal),
        Kind::PriorPayer => Some(Exclusion::PriorPayer),
        _ if horizon > AS_OF => Some(Exclusion::Immature),
        _ if gross.is_some_and(|at| at <= landmark) => Some(Exclusion::ConvertedBeforeLandmark),
        _ if !is_alive => Some(Exclusion::EndedBeforeLandmark),
        Kind::NeverSeen => Some(Exclusion::Unmatched),
        _ => None,
    };
    let mut shown = account.shown.iter().filter(|(_, shown)| *shown == behaviour);
    let signal = shown.find(|(at, _)| (t0..=landmark).contains(at)).map(|(at, _)| at * SECOND);
    Some(TrialRow {
        subscription_id: account.number.to_string(),
        customer_id: account.number.to_string(),
        account_id: account.number.to_string(),
        t0: t0 * SECOND,
        landmark: landmark * SECOND,
        horizon_end: horizon * SECOND,
        exclusion,
        is_at_risk: true,
        is_matched: account.kind != Kind::NeverSeen,
        is_mature: horizon <= AS_OF,
        signal_at: signal,
        event_at: signal,
        gross_converted_at: gross.map(|at| at * SECOND),
        net_converted_at: net_conversion(account).map(|at| at * SECOND),
        converting_subscription_id: None,
        converting_invoice_id: None,
        mrr_list_minor: None,
        mrr_net_minor: None,
        currency: None,
        stratum: PLANS[account.plan].key.to_owned(),
        lost_at: None,
    })
}
