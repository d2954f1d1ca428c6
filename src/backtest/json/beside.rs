//! What stands beside the figures in the JSON: the hypothesis, the run, and other choices.

use serde_json::{Map, Value, json};

use super::{arm, bounds, interval, reasons, seconds};
use crate::backtest::context::{Context, Leakage};
use crate::backtest::curve::CurvePoint;
use crate::backtest::report::{Backtest, Variant};
use crate::backtest::spec::Spec;

pub(super) fn hypothesis(spec: &Spec) -> Value {
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

pub(super) fn curve(points: &[CurvePoint]) -> Vec<Value> {
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

pub(super) fn variant(variant: &Variant) -> Value {
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

pub(super) fn leakage(leakage: &Leakage) -> Value {
    let mut object = json!({ "result": leakage.as_str() });
    match leakage {
        Leakage::NotTested => {}
        Leakage::Clean { cutoffs } => object["cutoffs"] = json!(cutoffs),
        Leakage::Violated {
            cutoffs,
            needs_later_data,
            withdrawn_by_later_data,
            accounts,
            examples,
        } => {
            object["cutoffs"] = json!(cutoffs);
            object["needs_later_data"] = json!(needs_later_data);
            object["withdrawn_by_later_data"] = json!(withdrawn_by_later_data);
            object["accounts"] = json!(accounts);
            object["examples"] = json!(examples);
        }
    }
    object
}

pub(super) fn identity(backtest: &Backtest) -> Value {
    let identity = &backtest.context.identity;
    json!({
        "tiers": identity.tiers.iter().map(|tier| json!({
            "name": tier.name, "confidence": tier.confidence, "events": tier.events,
        })).collect::<Vec<_>>(),
        "ambiguous_events": identity.ambiguous_events,
        "unlinked_events": identity.unlinked_events,
        "unlinked_domains": identity
            .unlinked_domains
            .iter()
            .map(|(domain, events)| json!({ "domain": domain, "events": events }))
            .collect::<Vec<_>>(),
        "linked_later": backtest.figures.linked_later,
    })
}

pub(super) fn inputs(context: &Context) -> Value {
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
