//! The events of other tools' exports, read by the places of a preset.

use std::borrow::Cow;

use super::events::{EventRow, canonical, compact, object_once};
use super::mapping::{FileMapping, Source, Sources};
use super::preset::{Preset, Shape};
use super::target::{TARGETS, Target};
use super::time::Times;
use crate::sync::journal::key;
use crate::sync::json::Json;
use crate::sync::report::{Fault, Refusal};

/// Why a record of an export does not land.
pub enum Unlanded {
    /// It is no event; what it is instead, for a sentence.
    LeftOut(String),
    Refused(Refusal),
}

impl From<Refusal> for Unlanded {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// True if the mapping takes event, time or user from elsewhere: then the record is read as it says.
pub fn is_overruled(mapping: &FileMapping) -> bool {
    mapping.preset.is_none()
        && (mapping.event_name.is_some()
            || mapping.event.is_some()
            || mapping.time.is_some()
            || mapping.user.is_some())
}

/// The places of a preset, ready to be looked at.
#[derive(Clone)]
pub struct Places {
    preset: Preset,
    by_target: Vec<Vec<Source>>,
}

impl Places {
    pub fn new(preset: Preset) -> Self {
        let sources = |places: &&[&str]| places.iter().map(|place| Source::new(place)).collect();
        Self { preset, by_target: preset.shape().places.iter().map(sources).collect() }
    }

    pub fn preset(&self) -> Preset {
        self.preset
    }

    /// The event of a record, with what a mapping says besides.
    pub fn row<'a>(
        &self,
        record: &'a Json<'a>,
        mapping: Option<&FileMapping>,
        mapped: &Sources,
        times: &Times<'_>,
        faults: &mut Vec<Fault>,
    ) -> Result<EventRow<'a>, Unlanded> {
        let shape = self.preset.shape();
        let opened: Vec<(&str, Cow<'a, Json<'a>>)> =
            shape.objects.iter().map(|name| (*name, object_once(record, name, faults))).collect();
        let record = Record { record, opened: &opened, mapped, places: &self.by_target };

        let kind = shape.kind(record.record);
        let named = record.text(Target::Event, faults);
        if let Some(what) = shape.left_out(kind.as_deref(), named.as_deref()) {
            return Err(Unlanded::LeftOut(what));
        }
        let given = mapping.and_then(|mapping| mapping.event_name.clone());
        let event = match given.or(named).or_else(|| viewed(&record, kind.as_deref())) {
            Some(event) => event,
            // Rows of identifies, users, groups and pages tell no event.
            None if shape.has_calls && kind.is_none() => {
                return Err(Unlanded::LeftOut("rows that name no event".to_owned()));
            }
            None => return Err(missing(shape, Target::Event).into()),
        };
        let (place, time) =
            record.value(Target::Time).ok_or_else(|| missing(shape, Target::Time))?;
        let of_event = Times { are_numbers_local: shape.are_numbers_local, ..*times };
        let occurred_at = of_event.micros(time).map_err(|why| why.refusal(place))?;
        let ingested_at = ingested_at(&record, *times, faults);

        let id = record.text(Target::Id, faults);
        let user = record.text(Target::User, faults);
        // The time counts as it is written: in another zone it is still the same event.
        let partial = id.as_ref().filter(|_| shape.is_id_partial).map(|id| {
            let parts = [&event, user.as_deref().unwrap_or_default(), &time.to_compact(), id];
            key(&parts.map(str::as_bytes))
        });
        let properties = properties(&record, shape, kind.is_some());
        let person = shape.person.and_then(|name| record.opened(name)).and_then(compact);
        let groups = shape.groups.and_then(|name| record.opened(name)).and_then(groups);
        Ok(EventRow {
            key: partial,
            canonical_properties: id.is_none().then(|| canonical(&properties)),
            uuid: id.map(Cow::Owned),
            event: Cow::Owned(event),
            occurred_at,
            ingested_at,
            distinct_id: user.map(Cow::Owned),
            person_id: None,
            email: record.text(Target::Email, faults).map(Cow::Owned),
            account_id: record.text(Target::Account, faults).map(Cow::Owned),
            stripe_customer_id: record.text(Target::StripeCustomer, faults).map(Cow::Owned),
            groups: groups.map(Cow::Owned),
            properties: compact(&properties).map(Cow::Owned),
            person_properties: person.map(Cow::Owned),
            source: Cow::Owned(
                mapping.map_or(shape.name, |mapping| mapping.name.as_str()).to_owned(),
            ),
        })
    }
}

/// A record with the objects in it opened, and where to look.
struct Record<'r, 'a> {
    record: &'a Json<'a>,
    opened: &'r [(&'static str, Cow<'a, Json<'a>>)],
    mapped: &'r Sources,
    places: &'r [Vec<Source>],
}

impl<'r, 'a> Record<'r, 'a> {
    fn opened(&self, name: &str) -> Option<&Json<'a>> {
        self.opened.iter().find(|(known, _)| *known == name).map(|(_, json)| &**json)
    }

    /// The first place that holds something, and what it holds; a mapping's place comes first.
    fn value(&self, target: Target) -> Option<(&'r str, &Json<'a>)> {
        let mapped = self.mapped.get(target).into_iter();
        mapped.chain(&self.places[target as usize]).find_map(|source| {
            let inside = source.within(|name| self.opened(name));
            let value = inside.or_else(|| source.value(self.record))?;
            let is_empty = matches!(value, Json::String(text) if text.is_empty());
            (!is_empty).then_some((source.name.as_str(), value))
        })
    }

    fn text(&self, target: Target, faults: &mut Vec<Fault>) -> Option<String> {
        let (place, value) = self.value(target)?;
        match target.text(value) {
            Ok(text) => text.map(Cow::into_owned),
            Err(why) => {
                faults.push((place.to_owned(), why));
                None
            }
        }
    }
}

/// Segment's own names for pages and screens that were looked at.
fn viewed(record: &Record<'_, '_>, kind: Option<&str>) -> Option<String> {
    let what = match kind? {
        "page" => "Page",
        "screen" => "Screen",
        _ => return None,
    };
    let field = |name: &str| {
        let own = record.record.get_str(name);
        own.or_else(|| record.opened("properties")?.get_str(name)).filter(|text| !text.is_empty())
    };
    let parts: Vec<&str> = [field("category"), field("name")].into_iter().flatten().collect();
    Some(match parts.as_slice() {
        [] => format!("Loaded a {what}"),
        parts => format!("Viewed {} {what}", parts.join(" ")),
    })
}

fn ingested_at(record: &Record<'_, '_>, times: Times<'_>, faults: &mut Vec<Fault>) -> Option<i64> {
    let (place, time) = record.value(Target::IngestedAt)?;
    // The unit is that of the events; servers' own times have units of their own.
    let is_own = record.mapped.get(Target::IngestedAt).is_none();
    let times = if is_own { times.of_tool() } else { times };
    times.or_clear(time).map_err(|why| faults.push((place.to_owned(), why.fault()))).ok()
}

/// The event's properties, and every column that is nothing else. Of two with one name, the inner
/// one counts.
fn properties<'a>(record: &Record<'_, 'a>, shape: &Shape, is_call: bool) -> Json<'a> {
    let place = shape.places[Target::Properties as usize][0];
    let inner = record.value(Target::Properties).map(|(_, value)| value.clone());
    let mut all = match inner {
        Some(Json::Object(fields)) => fields,
        _ => Vec::new(),
    };
    let Json::Object(fields) = record.record else { return Json::Object(all) };
    for (name, value) in fields {
        let is_taken = name == place || shape.takes(name, is_call) || record.mapped.uses(name);
        if is_taken || *value == Json::Null || all.iter().any(|(known, _)| known == name) {
            continue;
        }
        let value = record.opened(name).unwrap_or(value);
        all.push((name.clone(), value.clone()));
    }
    Json::Object(all)
}

/// Amplitude lets somebody be in several groups of a type; the first counts.
fn groups(json: &Json<'_>) -> Option<String> {
    let Json::Object(fields) = json else { return None };
    let first = |value: &Json<'_>| match value {
        Json::Array(values) => values.first().map(Json::to_compact),
        Json::Null => None,
        value => Some(value.to_compact()),
    };
    let fields: Vec<String> = fields
        .iter()
        .filter_map(|(name, value)| {
            Some(format!("{}:{}", Json::String(name.clone()).to_compact(), first(value)?))
        })
        .collect();
    (!fields.is_empty()).then(|| format!("{{{}}}", fields.join(",")))
}

fn missing(shape: &Shape, target: Target) -> Refusal {
    let places = shape.places[target as usize].join(", ");
    let what = if target == Target::Event { "event name" } else { "time" };
    Refusal::of(
        TARGETS[target as usize].key(),
        format!("no {what}: a record of {} has it in {places}", shape.name),
    )
}
