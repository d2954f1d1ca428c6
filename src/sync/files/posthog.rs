//! PostHog events: batch exports (JSON lines, Parquet) and capture payloads.

use std::borrow::Cow;

use super::events::{EventRow, canonical, compact, id_of, looks_like_email, object, text_of};
use super::mapping::{FileMapping, Sources};
use super::target::Target;
use super::time::Times;
use crate::sync::json::Json;
use crate::sync::report::{Fault, Refusal};

/// True if the record is what PostHog exports or takes in.
pub fn is_event(record: &Json<'_>) -> bool {
    let has = |name: &str| record.get(name).is_some();
    has("event")
        && has("distinct_id")
        && has("timestamp")
        && ["uuid", "properties", "person_properties"].iter().any(|name| has(name))
}

/// True if the mapping takes event, time or user from elsewhere: then the record is not PostHog's.
pub fn is_overruled(mapping: &FileMapping) -> bool {
    let differs = |given: &Option<String>, name: &str| given.as_deref().is_some_and(|g| g != name);
    mapping.event_name.is_some()
        || differs(&mapping.event, "event")
        || differs(&mapping.time, "timestamp")
        || differs(&mapping.user, "distinct_id")
}

/// The event, with the e-mail and account that a mapping names.
pub fn row<'a>(
    record: &'a Json<'a>,
    mapped: &Sources,
    times: &Times<'_>,
    faults: &mut Vec<Fault>,
) -> Result<EventRow<'a>, Refusal> {
    let event = text_of(record, "event", faults)
        .ok_or_else(|| Refusal::of("event", "the event has no name"))?;
    let time = record.get("timestamp").unwrap_or(&Json::Null);
    let times = times.in_utc();
    let occurred_at = times.or_clear(time).map_err(|why| why.refusal("timestamp"))?;
    let properties = object(record, "properties", faults);
    let person = object(record, "person_properties", faults);
    let set = properties.get("$set").unwrap_or(&Json::Null);

    // Tables hold both as text.
    let parts = [("properties", &*properties), ("person_properties", &*person)];
    let mut mapped = |target| mapped.text_within(target, record, &parts, faults).map(Cow::Owned);
    let account_id = mapped(Target::Account);
    let mapped_customer = mapped(Target::StripeCustomer);
    // A mapped id that is no address must not hide the address that the event has elsewhere.
    let email = mapped(Target::Email)
        .filter(|email: &Cow<'_, str>| looks_like_email(email))
        .or_else(|| string(&person, "email"))
        .or_else(|| string(&person, "$email"))
        .or_else(|| string(set, "email"))
        .or_else(|| string(&properties, "email"))
        .or_else(|| string(&properties, "$email"));
    let stripe_customer_id = mapped_customer
        .or_else(|| string(&person, "stripe_customer_id"))
        .or_else(|| string(&properties, "stripe_customer_id"));
    // The events endpoint calls it `id`.
    let uuid = id_of(record, "uuid", faults).or_else(|| id_of(record, "id", faults));
    Ok(EventRow {
        key: None,
        canonical_properties: uuid.is_none().then(|| canonical(&properties)),
        uuid,
        event,
        occurred_at,
        ingested_at: ingested_at(record, &times, faults),
        distinct_id: id_of(record, "distinct_id", faults),
        person_id: id_of(record, "person_id", faults),
        email,
        account_id,
        stripe_customer_id,
        groups: properties.get("$groups").and_then(compact).map(Cow::Owned),
        properties: compact(&properties).map(Cow::Owned),
        person_properties: compact(&person).map(Cow::Owned),
        source: "posthog".into(),
    })
}

fn ingested_at(record: &Json<'_>, times: &Times<'_>, faults: &mut Vec<Fault>) -> Option<i64> {
    let present = |name| Some((name, record.get(name).filter(|time| **time != Json::Null)?));
    let (name, time) = present("_inserted_at").or_else(|| present("created_at"))?;
    times.or_clear(time).map_err(|why| faults.push((name.to_owned(), why.fault()))).ok()
}

fn string<'a>(json: &Json<'_>, name: &str) -> Option<Cow<'a, str>> {
    let text = json.get_str(name).filter(|text| !text.trim().is_empty())?;
    Some(Cow::Owned(text.to_owned()))
}
