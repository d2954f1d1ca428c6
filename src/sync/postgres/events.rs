//! Rows as product events, by the mapping of their entry.

use std::borrow::Cow;

use super::plan::Plan;
use super::settings::PostgresSource;
use super::tally::Tally;
use super::value::{Form, Value};
use crate::error::Result;
use crate::sync::files::{
    EXACT, EXACT_32, EventRow, EventRows, Target, TimeFormat, TimeUnit, Times,
};
use crate::sync::files::{canonical, compact};
use crate::sync::journal::key;
use crate::sync::json::{Json, write_string};
use crate::sync::report::Refusal;

/// Where the time of ingestion is not told.
const NO_TIME: Option<i64> = None;

/// Makes events of rows.
pub struct Events {
    source: String,
    event_name: Option<String>,
    time_unit: Option<TimeUnit>,
    time_format: Option<TimeFormat>,
    landed_at: i64,
    /// The names of the columns as JSON writes them, where they are properties.
    properties: Vec<Option<String>>,
    pub rows: EventRows,
}

impl Events {
    pub fn new(source: &PostgresSource, plan: &Plan, landed_at: i64) -> Self {
        let property = |place: usize| {
            plan.is_property(place).then(|| {
                let mut name = String::new();
                write_string(&plan.columns[place].name, &mut name);
                name
            })
        };
        // A path is read beside its column, which is a property whole.
        let columns = plan.columns.iter().enumerate();
        let properties = columns
            .map(|(place, column)| if column.is_inside { None } else { property(place) })
            .collect();
        Self {
            source: source.name.clone(),
            event_name: source.event_name.clone(),
            time_unit: source.time_unit,
            time_format: source.time_format.clone(),
            landed_at,
            properties,
            rows: EventRows::new(super::EVENTS, landed_at),
        }
    }

    /// Adds a row; what is no event is counted and told.
    pub fn push(&mut self, plan: &Plan, values: &[Value<'_>], tally: &mut Tally) -> Result<()> {
        let id = key_text(plan, values);
        if let Err(refusal) = self.try_push(plan, values, id.as_deref(), tally) {
            tally.reject(id.as_deref(), refusal);
        }
        Ok(())
    }

    fn try_push(
        &mut self,
        plan: &Plan,
        values: &[Value<'_>],
        id: Option<&str>,
        tally: &mut Tally,
    ) -> Result<(), Refusal> {
        let name = |place: usize| plan.columns[place].name.as_str();
        let text = |target: Target, tally: &mut Tally| {
            let place = plan.of(target)?;
            let found = match (target.is_id(), plan.columns[place].form) {
                (false, _) => Ok(values[place].text()),
                (true, Form::Float4) => values[place].id(EXACT_32),
                (true, _) => values[place].id(EXACT),
            };
            found.map_err(|why| tally.unread(id, name(place), why)).ok().flatten()
        };
        let event = match &self.event_name {
            Some(name) => Cow::Borrowed(name.as_str()),
            None => text(Target::Event, tally).ok_or_else(|| {
                let column = plan.of(Target::Event).map(name).unwrap_or_default();
                Refusal::of(column, "no event name: the field is empty")
            })?,
        };
        let time = plan.of(Target::Time).ok_or_else(|| Refusal::new("no time"))?;
        let times = self.times();
        let occurred_at = values[time].moment(|json| times.micros(json));
        let occurred_at = occurred_at.map_err(|why| why.refusal(name(time)))?;
        let ingested_at = match plan.of(Target::IngestedAt) {
            Some(place) if values[place] != Value::Null => {
                let moment = values[place].moment(|json| times.or_clear(json));
                moment.map_err(|why| tally.unread(id, name(place), why.fault())).ok()
            }
            _ => NO_TIME,
        };
        let properties = self.properties(plan, values, id, tally);
        let canonical_properties = match (id, &properties) {
            (None, Some(text)) => Json::parse(text).ok().map(|json| canonical(&json)),
            _ => None,
        };
        let uuid = match *plan.key {
            [place] => values[place].text(),
            _ => None,
        };
        self.rows.push(&EventRow {
            key: id.map(|id| key(&[plan.label.as_bytes(), id.as_bytes()])),
            uuid,
            event,
            occurred_at,
            ingested_at,
            distinct_id: text(Target::User, tally),
            person_id: None,
            email: text(Target::Email, tally),
            account_id: text(Target::Account, tally),
            stripe_customer_id: text(Target::StripeCustomer, tally),
            groups: None,
            properties: properties.map(Cow::Owned),
            canonical_properties,
            person_properties: None,
            source: Cow::Borrowed(&self.source),
        });
        Ok(())
    }

    fn times(&self) -> Times<'_> {
        Times {
            unit: self.time_unit,
            format: self.time_format.as_ref(),
            entry: "[[source.postgres]], and sync with --full",
            ..Times::of(None, self.landed_at)
        }
    }

    /// The document of properties, and every column that is nothing else. Of two with one name the
    /// document's counts.
    fn properties(
        &self,
        plan: &Plan,
        values: &[Value<'_>],
        id: Option<&str>,
        tally: &mut Tally,
    ) -> Option<String> {
        let inner = plan.of(Target::Properties);
        let text = inner.and_then(|place| match &values[place] {
            Value::Json(text) | Value::Text(text) if !text.trim().is_empty() => Some(text),
            _ => None,
        });
        let document = match text.map(|text| Json::parse(text)) {
            None => Json::Null,
            Some(Ok(json @ (Json::Object(_) | Json::Null))) => json,
            Some(other) => {
                let name = inner.map(|place| plan.columns[place].name.as_str()).unwrap_or_default();
                let why = match &other {
                    Ok(json) => format!("is {}, not an object", json.kind()),
                    Err(error) => error.to_string(),
                };
                tally.unread(id, name, why);
                let kept = other.unwrap_or_else(|_| {
                    Json::String(Cow::Borrowed(text.map(Cow::as_ref).unwrap_or_default()))
                });
                Json::Object(vec![(Cow::Borrowed("properties"), kept)])
            }
        };
        let mut all = compact(&document).unwrap_or_default();
        for (place, name) in self.properties.iter().enumerate() {
            let Some(name) = name else { continue };
            if values[place] == Value::Null || document.get(&plan.columns[place].name).is_some() {
                continue;
            }
            match all.pop() {
                None => all.push('{'),
                Some(_) => all.push(','),
            }
            all.push_str(name);
            all.push(':');
            values[place].write_json(&mut all);
            all.push('}');
        }
        (!all.is_empty()).then_some(all)
    }
}

/// The fields of the key as one text; `None` without a key, or where all of it is NULL.
pub fn key_text<'a>(plan: &Plan, values: &'a [Value<'_>]) -> Option<Cow<'a, str>> {
    match *plan.key {
        [] => None,
        [place] => values[place].text(),
        _ => {
            // As a list, so that no two keys are one text.
            let mut text = String::from("[");
            for (number, &place) in plan.key.iter().enumerate() {
                if number > 0 {
                    text.push(',');
                }
                values[place].write_json(&mut text);
            }
            text.push(']');
            Some(Cow::Owned(text))
        }
    }
}
