//! A backtest as JSON: `backtest` and `outcomes` with fixed keys, everything else beside them.
//!
//! Times are Unix seconds, money is minor units, a key without a value is null or absent.

mod beside;

use serde_json::{Map, Value, json};

use paydirt_udfs::stats::proportion::Interval;
use paydirt_udfs::stats::two_sample::Estimate;

use super::figures::Figures;
use super::pair::{Arm, Pair};
use super::report::Backtest;
use super::row::TrialRow;
use super::sample_size::RequiredN;
use super::verdict::{Reason, Verdict};

const SECOND: i64 = 1_000_000;

impl Backtest {
    /// The whole backtest as one JSON object.
    pub fn json(&self) -> Value {
        let context = &self.context;
        json!({
            "hypothesis": beside::hypothesis(&self.spec),
            "as_of": seconds(context.as_of),
            "backtest": backtest(&self.figures, &self.verdict),
            "outcomes": self.rows.iter().map(outcome).collect::<Vec<_>>(),
            "warnings": self.warnings().iter().map(|warning| {
                json!({ "code": warning.code, "sentence": warning.sentence })
            }).collect::<Vec<_>>(),
            "leakage": beside::leakage(&context.leakage),
            "family": {
                "p": self.figures.train_p(),
                "q": context.family.q.or_else(|| self.figures.train_p()),
                "m": context.family.m,
                "looks": context.family.looks,
                "members": context.family.members,
            },
            "emitted_confidence": self.emitted_confidence().map(|confidence| confidence.value),
            "cif": {
                "exposed": beside::curve(&self.figures.curves.exposed.points),
                "control": beside::curve(&self.figures.curves.control.points),
            },
            "cohorts": self.figures.cohorts.iter().map(|cohort| json!({
                "month": cohort.name(),
                "exposed": counts(&cohort.exposed),
                "control": counts(&cohort.control),
            })).collect::<Vec<_>>(),
            "lift_adjusted": self.figures.pooled.comparison
                .and_then(|comparison| comparison.lift_adjusted)
                .map(|lift| json!({ "ratio": lift.value, "ci95": [lift.lo, lift.hi] })),
            "late_payments": {
                "paid": self.figures.late_payments.paid,
                "after_horizon": self.figures.late_payments.after_horizon,
                "share": self.figures.late_payments.share(),
            },
            "pace": self.figures.pace.map(|pace| json!({
                "trials_per_month": pace.trials_per_month,
                "exposed_share": pace.exposed_share,
            })),
            "sensitivity": self.variants.iter().map(beside::variant).collect::<Vec<_>>(),
            "identity": beside::identity(self),
            "inputs": beside::inputs(context),
        })
    }
}

fn outcome(row: &TrialRow) -> Value {
    json!({
        "subscription": row.subscription_id,
        "customer": row.customer_id,
        "account": row.account_id,
        "t0": seconds(row.t0),
        "landmark": seconds(row.landmark),
        "horizon_end": seconds(row.horizon_end),
        "exclusion": row.exclusion.map(|rung| rung.as_str()),
        "exposed": row.is_exposed(),
        "signal_at": row.signal_at.map(seconds),
        "gross_converted_at": row.gross_converted_at.map(seconds),
        "net_converted_at": row.net_converted_at.map(seconds),
        "converted": row.converted(),
        "converting_subscription": row.converting_subscription_id,
        "converting_invoice": row.converting_invoice_id,
        "mrr_list_minor": row.mrr_list_minor,
        "currency": row.currency,
        "stratum": row.stratum,
    })
}

fn backtest(figures: &Figures, verdict: &Verdict) -> Value {
    let mut object = pair(&figures.pooled);
    let lead = &figures.lead_time;
    let split = &figures.split;
    let rest = json!({
        "precision": figures.precision(),
        "recall": figures.recall(),
        "f1": figures.f1(),
        "lead_time_days": { "n": lead.n, "p25": lead.p25, "median": lead.median, "p75": lead.p75 },
        "coverage": {
            "matched": figures.coverage.matched,
            "eligible_at_risk": figures.coverage.eligible_at_risk,
            "rate": figures.coverage.rate(),
        },
        "signal_rate": figures.signal_rate(),
        "mrr_won_minor": figures.mrr_won.iter()
            .map(|(currency, won)| (currency.clone(), json!({ "list": won.list, "net": won.net })))
            .collect::<Map<_, _>>(),
        "split": {
            "split_at": split.at.map(seconds),
            "train": pair(&split.train),
            "test": pair(&split.test),
            "embargoed": split.embargoed,
        },
        "confidence": figures.confidence.map(|confidence| json!({
            "value": confidence.value,
            "basis": confidence.basis.as_str(),
            "x": confidence.x,
            "n": confidence.n,
        })),
        "rows": rows(figures),
        "verdict": verdict.ruling.as_str(),
        "verdict_reasons": reasons(verdict),
        "delta": figures.delta,
        "required_n_for_delta": figures.required_for_delta.map(|required| json!({
            "p_control": required.p_control,
            "p_exposed": required.p_exposed,
            "n_per_arm": required.n_per_arm,
        })),
        "required_n_for_observed": figures.required_for_observed.map(n_per_arm),
    });
    if let Value::Object(rest) = rest {
        object.extend(rest);
    }
    Value::Object(object)
}

fn pair(pair: &Pair) -> Map<String, Value> {
    let mut object = Map::new();
    let baseline = pair.baseline();
    object.insert("exposed".into(), arm(&pair.exposed));
    object.insert("control".into(), arm(&pair.control));
    object.insert("baseline_all".into(), counts(&baseline));
    if let Some(comparison) = &pair.comparison {
        object.insert("diff".into(), json!(comparison.diff.value));
        object.insert("diff_newcombe95".into(), bounds(comparison.diff));
        object.insert("lift_ratio".into(), json!(comparison.lift_ratio));
        object.insert("lift_katz95".into(), json!(comparison.lift_katz.map(interval)));
        object.insert("fisher_p_two_sided".into(), json!(comparison.fisher_two_sided));
        object.insert("fisher_p_greater".into(), json!(comparison.fisher_greater));
        object.insert("prob_exposed_better".into(), json!(comparison.prob_exposed_better));
    }
    object.insert("strata".into(), json!(pair.strata));
    if let Some(adjusted) = &pair.mantel_haenszel {
        object.insert(
            "mantel_haenszel".into(),
            json!({
                "strata_used": adjusted.strata_used,
                "rows_used": adjusted.rows_used,
                "or_mh": adjusted.or_mh,
                "or_ci95": adjusted.or_ci95.map_or(json!([null, null]), interval),
                "cmh_p": adjusted.cmh_p,
                "risk_difference": adjusted.risk_difference,
            }),
        );
    }
    object
}

fn arm(arm: &Arm) -> Value {
    json!({
        "n": arm.n,
        "converted": arm.converted,
        "rate": arm.rate(),
        "wilson95": arm.wilson().map(interval),
        "gross_converted": arm.gross_converted,
    })
}

fn counts(arm: &Arm) -> Value {
    json!({ "n": arm.n, "converted": arm.converted, "rate": arm.rate() })
}

fn rows(figures: &Figures) -> Value {
    let taken = figures.ladder.rungs.iter().filter(|(_, n)| *n > 0);
    let mut rows = Map::from_iter([("in_analysis".to_owned(), json!(figures.ladder.in_analysis))]);
    rows.extend(taken.map(|(rung, n)| (rung.as_str().to_owned(), json!(n))));
    Value::Object(rows)
}

fn n_per_arm(required: RequiredN) -> Value {
    json!({ "n_per_arm": required.n_per_arm })
}

fn reasons(verdict: &Verdict) -> Vec<&'static str> {
    verdict.reasons.iter().copied().map(Reason::as_str).collect()
}

fn seconds(at: i64) -> i64 {
    at.div_euclid(SECOND)
}

fn interval(interval: Interval) -> Value {
    json!([interval.lo, interval.hi])
}

fn bounds(estimate: Estimate) -> Value {
    json!([estimate.lo, estimate.hi])
}
