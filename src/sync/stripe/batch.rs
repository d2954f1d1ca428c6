//! Stripe objects in, batches of the landed log out.
//!
//! One object lands as several versions: itself, every whole object embedded in it, and, if it is
//! an event, the object that the event carries. Both API generations take the same way.

use std::collections::BTreeMap;

use super::keeps;
use super::object::{self, Answered, Origin};
use super::resources::RESOURCES;
use super::rows::{Rows, Version};
use crate::error::Result;
use crate::sync::json::Json;
use crate::sync::report::{Diagnostic, Diagnostics, Fault, Landed, Refusal};

/// Collects versions of Stripe objects, a table each.
pub struct StripeBatches {
    landed_at: i64,
    tables: Vec<Rows>,
    bytes: usize,
    raw: String,
    canonical: String,
    faults: Vec<Fault>,
    pub diagnostics: Diagnostics,
    /// Objects of lists whose kind has no table, by kind.
    pub without_table: BTreeMap<String, u64>,
}

impl StripeBatches {
    /// `landed_at` in µs; facts later than it are not taken for seen.
    pub fn new(landed_at: i64) -> Self {
        Self {
            landed_at,
            tables: RESOURCES.iter().map(Rows::new).collect(),
            bytes: 0,
            raw: String::new(),
            canonical: String::new(),
            faults: Vec::new(),
            diagnostics: Diagnostics::default(),
            without_table: BTreeMap::new(),
        }
    }

    /// Rows that wait for [`StripeBatches::finish`].
    pub fn rows(&self) -> usize {
        self.tables.iter().map(Rows::len).sum()
    }

    /// Their JSON text in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Lands one object as a list returns it, with everything inside it. `line` is where it
    /// stands in its file. A refusal means that nothing of it landed.
    pub fn push(&mut self, object: &Json<'_>, line: Option<u64>) -> Result<(), Refusal> {
        self.take(object, &Origin::list(object), line)
    }

    /// The same for an object that an API gave at a known time.
    pub fn push_answer(&mut self, object: &Json<'_>, answer: Answered<'_>) -> Result<(), Refusal> {
        self.take(object, &Origin::answered(object, answer), None)
    }

    fn take(
        &mut self,
        object: &Json<'_>,
        origin: &Origin<'_>,
        line: Option<u64>,
    ) -> Result<(), Refusal> {
        let Some(kind) = object.get_str("object") else {
            return Err(Refusal::of("object", "it has no object type, as Stripe's objects have"));
        };
        if object.get_str("id").is_none() {
            return Err(Refusal::of("id", format!("the {kind} has no id")));
        }
        if kind == "event" {
            match keeps::reduced_event(object) {
                Some(reduced) => self.event(&reduced, line),
                None => self.event(object, line),
            }
        } else {
            self.object(object, origin, line);
        }
        Ok(())
    }

    /// One batch per table that has rows, events last, and an empty collector.
    pub fn finish(&mut self) -> Result<Vec<Landed>> {
        self.bytes = 0;
        let filled = self.tables.iter_mut().filter(|rows| rows.len() > 0);
        filled
            .map(|rows| Ok(Landed { table: rows.resource.table, batch: rows.finish()? }))
            .collect()
    }

    fn event(&mut self, event: &Json<'_>, line: Option<u64>) {
        let origin = Origin::event(event);
        match event.get("data").and_then(|data| data.get("object")) {
            Some(payload) if payload.get_str("id").is_some() => self.object(payload, &origin, line),
            // A preview such as the upcoming invoice has no id: it is kept in its event.
            Some(payload) => {
                let observed_at = origin.observed_at.unwrap_or(self.landed_at);
                self.embedded(payload, &origin.inside(payload, observed_at), line);
            }
            None => {}
        }
        self.version(event, &origin, line);
    }

    /// Lands an object and what is embedded in it.
    fn object(&mut self, object: &Json<'_>, origin: &Origin<'_>, line: Option<u64>) {
        if let Some(reduced) = keeps::reduced(object) {
            self.version(&reduced, origin, line);
            return;
        }
        let observed_at = self.version(object, origin, line);
        self.embedded(object, &origin.inside(object, observed_at), line);
    }

    /// Lands the whole objects inside `json`, at any depth.
    fn embedded(&mut self, json: &Json<'_>, origin: &Origin<'_>, line: Option<u64>) {
        match json {
            Json::Array(values) => {
                for value in values {
                    self.embedded_value(value, origin, line);
                }
            }
            Json::Object(fields) => {
                for (key, value) in fields {
                    if !(key == "plan" && object::is_twin(value, json.get("price"))) {
                        self.embedded_value(value, origin, line);
                    }
                }
            }
            _ => {}
        }
    }

    fn embedded_value(&mut self, value: &Json<'_>, origin: &Origin<'_>, line: Option<u64>) {
        match value {
            Json::Object(_) if object::table_of(value).is_some_and(|at| !RESOURCES[at].is_part) => {
                self.object(value, &origin.embedding(value), line);
            }
            Json::Object(_) | Json::Array(_) => self.embedded(value, origin, line),
            _ => {}
        }
    }

    /// Adds the row of one version and returns its observed_at.
    fn version(&mut self, object: &Json<'_>, origin: &Origin<'_>, line: Option<u64>) -> i64 {
        let Some(table) = object::table_of(object) else {
            // What an event carries is kept in the event.
            if origin.source == object::LIST {
                let kind = object.get_str("object").unwrap_or_default().to_owned();
                *self.without_table.entry(kind).or_default() += 1;
            }
            return origin.observed_at.or(origin.known_from).unwrap_or(self.landed_at);
        };
        self.raw.clear();
        object.write_compact(&mut self.raw);
        let canonical = if object.is_sorted() {
            &self.raw
        } else {
            self.canonical.clear();
            object.write_canonical(&mut self.canonical);
            &self.canonical
        };
        let event_id = origin.event_text("id");
        let key = object::key(object, canonical, origin.apart);
        let rows = &mut self.tables[table];
        let deleted = origin.deletes(object);
        let told = origin
            .observed_at
            .or_else(|| rows.latest_fact(object, self.landed_at))
            .or(origin.known_from);
        let observed_at = told.unwrap_or(self.landed_at);
        if rows.merge(&key, origin, observed_at) {
            return observed_at;
        }
        self.bytes += self.raw.len();
        let version = Version {
            key,
            id: object.get_str("id").unwrap_or_default(),
            known_from: origin.known_from,
            // Of what a file calls deleted nobody knows since when: it was gone at any time.
            observed_at: told.or((!deleted).then_some(self.landed_at)),
            landed_at: self.landed_at,
            deleted,
            source: origin.source,
            event_id,
            event_type: origin.event_text("type"),
            api_version: origin.api_version,
            livemode: origin.livemode_of(object),
            previous_attributes: origin.previous_attributes(),
            raw: &self.raw,
        };
        rows.push(object, version, &mut self.faults);
        for (field, reason) in self.faults.drain(..) {
            self.diagnostics.push(Diagnostic {
                table: rows.resource.table,
                id: object.get_str("id").unwrap_or_default().to_owned(),
                field,
                reason,
                line,
            });
        }
        let shown = |list: &str| object.get(list)?.get("data")?.as_array().map(<[_]>::len);
        for child in rows.resource.listing.children {
            let list = object.get(child.list);
            if list.and_then(|list| object::boolean(list, "has_more")) == Some(true) {
                let shown = shown(child.list).unwrap_or_default();
                self.diagnostics.push(Diagnostic {
                    table: rows.resource.table,
                    id: object.get_str("id").unwrap_or_default().to_owned(),
                    field: child.list.to_owned(),
                    reason: format!(
                        "shows the first {shown} only (has_more); the rest is not in it"
                    ),
                    line,
                });
            }
        }
        observed_at
    }
}
