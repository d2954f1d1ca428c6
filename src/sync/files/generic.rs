//! Product events of any tool: a mapping, given or guessed, says which column is which.

use std::borrow::Cow;

use super::events::{EventRow, canonical, compact, object_once};
use super::mapping::{FileMapping, Sources};
use super::target::Target;
use super::time::Times;
use crate::sync::json::Json;
use crate::sync::report::{Fault, Refusal};

/// `source` of events that no mapping names.
const UNNAMED: &str = "files";

/// The event of one record.
pub fn row<'a>(
    record: &'a Json<'a>,
    mapping: Option<&FileMapping>,
    sources: &Sources,
    times: &Times<'_>,
    faults: &mut Vec<Fault>,
) -> Result<EventRow<'a>, Refusal> {
    let event = match mapping.and_then(|mapping| mapping.event_name.as_deref()) {
        Some(name) => Cow::Owned(name.to_owned()),
        None => sources
            .text(Target::Event, record, faults)
            .ok_or_else(|| missing(sources, Target::Event))?,
    };
    let time = sources.value(Target::Time, record);
    let time = time.ok_or_else(|| missing(sources, Target::Time))?;
    let occurred_at =
        times.micros(time).map_err(|why| why.refusal(name_of(sources, Target::Time)))?;
    let ingested_at = sources.value(Target::IngestedAt, record).and_then(|time| {
        let found = times.or_clear(time);
        let name = || name_of(sources, Target::IngestedAt);
        found.map_err(|why| faults.push((name(), why.fault()))).ok()
    });
    let properties = properties(record, sources, faults);
    let mut text = |target| sources.text(target, record, faults);
    Ok(EventRow {
        key: None,
        uuid: text(Target::Id),
        event,
        occurred_at,
        ingested_at,
        distinct_id: text(Target::User),
        person_id: None,
        email: text(Target::Email),
        account_id: text(Target::Account),
        stripe_customer_id: text(Target::StripeCustomer),
        groups: None,
        canonical_properties: Some(canonical(&properties)),
        properties: compact(&properties).map(Cow::Owned),
        person_properties: None,
        source: Cow::Owned(mapping.map_or(UNNAMED, |mapping| &mapping.name).to_owned()),
    })
}

/// The column of properties, and every column that is nothing else. Of two with one name, the
/// inner one counts.
fn properties<'a>(record: &'a Json<'a>, sources: &Sources, faults: &mut Vec<Fault>) -> Json<'a> {
    let column = sources.get(Target::Properties);
    let inner = match column.map(|source| (source, source.value(record))) {
        Some((source, Some(_))) if record.get(&source.name).is_some() => {
            object_once(record, &source.name, faults).into_owned()
        }
        Some((_, Some(nested))) => nested.clone(),
        _ => Json::Null,
    };
    let mut all = match inner {
        Json::Object(fields) => fields,
        Json::Null => Vec::new(),
        other => vec![(Cow::Borrowed("properties"), other)],
    };
    let Json::Object(fields) = record else { return Json::Object(all) };
    for (name, value) in fields {
        let is_known = sources.uses(name) || all.iter().any(|(known, _)| known == name);
        if !is_known && *value != Json::Null {
            all.push((name.clone(), value.clone()));
        }
    }
    Json::Object(all)
}

fn name_of(sources: &Sources, target: Target) -> String {
    sources.get(target).map_or(target.key(), |source| &source.name).to_owned()
}

/// The record has no value for a target that every event needs.
fn missing(sources: &Sources, target: Target) -> Refusal {
    let what = if target == Target::Event { "event name" } else { "time" };
    match sources.get(target) {
        Some(source) => Refusal::of(&source.name, format!("no {what}: the field is missing")),
        None => {
            let names = target.usual_names()[..3].join(", ");
            let key = target.key();
            let reason = format!(
                "no {what}: no column is called {names} or alike; say which one it is with \
                 {key} = \"…\" in [[source.files]]"
            );
            Refusal::of(key, reason)
        }
    }
}
