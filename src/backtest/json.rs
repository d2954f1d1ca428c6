//! A backtest as JSON: `backtest` and `outcomes` with fixed keys, everything else beside them.
//!
//! Times are Unix seconds, money is minor units, a key without a value is null or absent.

use serde_json::{Map, Value, json};

use paydirt_udfs::stats::proportion::Interval;
use paydirt_udfs::stats::two_sample::Estimate;

use super::context::{Context, Leakage};
use super::curve::CurvePoint;
use super::figures::Figures;
use super::pair::{Arm, Pair};
use super::report::{Backtest, Variant};
use super::row::TrialRow;
use super::sample_size::RequiredN;
use super::spec::Spec;
use super::verdict::{Reason, Verdict};

const SECOND: i64 = 1_000_000;

impl Backtest {
    /// The whole backtest as one JSON object.
    pub fn json(&self) -> Value {
        let context = &self.context;
        json!({
            "hypothesis": hypothesis(&self.spec),
            "as_of": seconds(context.as_of),
            "backtest": backtest(&self.figures, &self.verdict),
            "outcomes": self.rows.iter().map(outcome).collect::<Vec<_>>(),
            "warnings": self.warnings().iter().map(|warning| {
                json!({ "code": warning.code, "sentence": warning.sentence })
            }).collect::<Vec<_>>(),
            "leakage": leakage(&context.leakage),
            "family": {
                "p": self.figures.train_p(),
                "q": context.family.q.or_else(|| self.figures.train_p()),
                "m": context.family.m,
                "looks": context.family.looks,
                "members": context.family.members,
            },
            "emitted_confidence": self.emitted_confidence(),
            "cif": {
                "exposed": curve(&self.figures.curves.exposed.points),
                "control": curve(&self.figures.curves.control.points),
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
            "sensitivity": self.variants.iter().map(variant).collect::<Vec<_>>(),
            "identity": identity(self),
            "inputs": inputs(context),
        })
    }
}

fn hypothesis(spec: &Spec) -> Value {
    json!({
        "name": spec.name,
        "statement": spec.statement,
        "path": spec.path,
        "sql_hash": spec.sql_hash,
        "population": spec.population,
        "outcome": spec.outcome,
        "window_seconds": seconds(spec.window_us),
        "horizon_seconds": seconds(spec.horizon_us),
        "strata": spec.strata,
        "split_at": spec.split_at.map(seconds),
        "delta_min": spec.delta_min,
        "gates": {
            "min_arm": spec.gates.min_arm,
            "min_events": spec.gates.min_events,
            "min_oos_arm": spec.gates.min_oos_arm,
            "min_oos_n": spec.gates.min_oos_n,
        },
        "min_identity_confidence": spec.min_identity_confidence,
        "expect": spec.expect.map(|claim| json!({ "rate": claim.value, "op": claim.op.as_str() })),
        "signal": spec.signal,
    })
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

fn curve(points: &[CurvePoint]) -> Vec<Value> {
    points
        .iter()
        .map(|point| {
            json!({
                "days_from_landmark": point.days,
                "is_horizon": point.is_horizon,
                "converted": point.converted,
                "ci95": point.interval.map(interval),
                "lost": point.lost,
            })
        })
        .collect()
}

fn variant(variant: &Variant) -> Value {
    json!({
        "name": variant.name,
        "rows_added": variant.rows_added,
        "exposed": arm(&variant.pooled.exposed),
        "control": arm(&variant.pooled.control),
        "diff": variant.pooled.diff().map(|diff| diff.value),
        "diff_newcombe95": variant.pooled.diff().map(bounds),
        "verdict": variant.verdict.ruling.as_str(),
        "verdict_reasons": reasons(&variant.verdict),
    })
}

fn leakage(leakage: &Leakage) -> Value {
    let mut object = json!({ "result": leakage.as_str() });
    match leakage {
        Leakage::NotTested => {}
        Leakage::Clean { cutoffs } => object["cutoffs"] = json!(cutoffs),
        Leakage::Violated { cutoffs, needs_later_data, withdrawn_by_later_data, examples } => {
            object["cutoffs"] = json!(cutoffs);
            object["needs_later_data"] = json!(needs_later_data);
            object["withdrawn_by_later_data"] = json!(withdrawn_by_later_data);
            object["examples"] = json!(examples);
        }
    }
    object
}

fn identity(backtest: &Backtest) -> Value {
    let identity = &backtest.context.identity;
    json!({
        "tiers": identity.tiers.iter().map(|tier| json!({
            "name": tier.name, "confidence": tier.confidence, "events": tier.events,
        })).collect::<Vec<_>>(),
        "ambiguous_events": identity.ambiguous_events,
        "unlinked_events": identity.unlinked_events,
        "linked_later": backtest.figures.linked_later,
    })
}

fn inputs(context: &Context) -> Value {
    json!({
        "rows": context.inputs.iter()
            .map(|input| (input.relation.clone(), json!(input.rows)))
            .collect::<Map<_, _>>(),
        "replaced_definitions": context.replaced_definitions.iter()
            .map(|definition| (definition.relation.clone(), json!(definition.hash)))
            .collect::<Map<_, _>>(),
        "api_versions": context.api_versions,
        "list_dates": context.list_dates.iter()
            .map(|(list, date)| (list.clone(), json!(date)))
            .collect::<Map<_, _>>(),
    })
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
