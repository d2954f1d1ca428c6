//! HogQL as far as exports by query need it: columns of one table, between bounds, in order.

use serde_json::{Value, json};

use super::project::{Event, Person, Project};
use super::reply::{Refusal, Reply};
use super::time;

/// Rows of an answer: unless the query says more, and at most.
const USUAL: usize = 100;
const MOST: usize = 50_000;

/// The parts of a query.
#[derive(Debug, Default)]
struct Parts {
    columns: Vec<(String, String)>,
    table: String,
    conditions: Vec<(String, String, String)>,
    limit: usize,
    offset: usize,
}

/// Answers `{query: {kind, query, values}}`.
pub fn answer(project: &Project, body: &Value) -> Result<Reply, Refusal> {
    let query = &body["query"];
    if query["kind"] != "HogQLQuery" {
        return Err(Refusal::invalid("the stand-in answers queries of kind HogQLQuery"));
    }
    let text = query["query"].as_str().ok_or_else(|| Refusal::invalid("query: Field required"))?;
    let sql = filled(text, &query["values"])?;
    if sql.trim().eq_ignore_ascii_case("select 1") {
        return Ok(found(vec!["1".into()], vec![vec![1.into()]], 1, 0, false));
    }
    let parts = Parts::of(&sql)?;
    let in_zone = query["modifiers"]["convertToProjectTimezone"] != false;
    let zone = if in_zone { project.zone } else { 0 };
    let mut rows: Vec<Vec<Value>> = match parts.table.as_str() {
        "events" => {
            let mut events: Vec<&Event> = project.events.iter().collect();
            parts.keep(&mut events, |event, name| match name {
                "created_at" => Some(Bound::Time(event.created_at)),
                "timestamp" => Some(Bound::Time(event.timestamp)),
                _ => None,
            })?;
            events.sort_by(|a, b| (a.created_at, &a.uuid).cmp(&(b.created_at, &b.uuid)));
            parts.rows(&events, |event, name| of_event(event, name, zone))?
        }
        "person_distinct_ids" => {
            let mut persons: Vec<&Person> = project.persons.iter().collect();
            parts.keep(&mut persons, |person, name| {
                (name == "distinct_id").then(|| Bound::Text(person.distinct_id.clone()))
            })?;
            persons.sort_by(|a, b| a.distinct_id.cmp(&b.distinct_id));
            parts.rows(&persons, |person, name| of_person(person, name, zone))?
        }
        table => return Err(Refusal::invalid(format!("Unknown table `{table}`."))),
    };
    let has_more = rows.len() > parts.limit;
    rows.truncate(parts.limit);
    let columns = parts.columns.iter().map(|(_, alias)| alias.clone()).collect();
    Ok(found(columns, rows, parts.limit, parts.offset, has_more))
}

fn found(
    columns: Vec<String>,
    results: Vec<Vec<Value>>,
    limit: usize,
    offset: usize,
    has_more: bool,
) -> Reply {
    Reply::Json(
        200,
        json!({
            "results": results, "columns": columns, "types": [], "hasMore": has_more,
            "limit": limit, "offset": offset, "error": null, "is_cached": false,
        }),
    )
}

/// What a column is compared by.
#[derive(Debug, PartialEq, PartialOrd)]
enum Bound {
    Time(i64),
    Text(String),
}

impl Parts {
    fn of(sql: &str) -> Result<Self, Refusal> {
        let plain = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        let refuse =
            || Refusal::invalid(format!("mismatched input: the stand-in does not know {plain}"));
        let rest = plain.strip_prefix("select ").ok_or_else(refuse)?;
        let (columns, rest) = rest.split_once(" from ").ok_or_else(refuse)?;
        let mut parts = Self { limit: USUAL, ..Self::default() };
        for column in columns.split(", ") {
            let (name, alias) = column.split_once(" as ").unwrap_or((column, column));
            parts.columns.push((name.to_owned(), alias.to_owned()));
        }
        let (rest, offset) = rest.split_once(" offset ").unwrap_or((rest, "0"));
        let (rest, limit) = rest.split_once(" limit ").unwrap_or((rest, "100"));
        let (rest, _) = rest.split_once(" order by ").unwrap_or((rest, ""));
        let (table, conditions) = rest.split_once(" where ").unwrap_or((rest, ""));
        parts.table = table.to_owned();
        parts.limit = limit.parse::<usize>().map_err(|_| refuse())?.min(MOST);
        parts.offset = offset.parse().map_err(|_| refuse())?;
        for condition in conditions.split(" and ").filter(|text| !text.is_empty()) {
            let mut words = condition.splitn(3, ' ');
            let mut word = || words.next().map(str::to_owned).ok_or_else(refuse);
            parts.conditions.push((word()?, word()?, word()?));
        }
        Ok(parts)
    }

    fn keep<T>(
        &self,
        rows: &mut Vec<&T>,
        value: impl Fn(&T, &str) -> Option<Bound>,
    ) -> Result<(), Refusal> {
        for (name, operator, literal) in &self.conditions {
            let bound = literal_of(literal)
                .ok_or_else(|| Refusal::invalid(format!("Unable to read {literal}")))?;
            let is_above = match operator.as_str() {
                ">=" => |value: &Bound, bound: &Bound| value >= bound,
                ">" => |value: &Bound, bound: &Bound| value > bound,
                "<" => |value: &Bound, bound: &Bound| value < bound,
                "<=" => |value: &Bound, bound: &Bound| value <= bound,
                _ => return Err(Refusal::invalid(format!("mismatched input '{operator}'"))),
            };
            if rows.first().is_some_and(|row| value(row, name).is_none()) {
                return Err(Refusal::invalid(format!("Unable to resolve field: {name}")));
            }
            rows.retain(|row| value(row, name).is_some_and(|value| is_above(&value, &bound)));
        }
        Ok(())
    }

    /// The rows from the offset on, and one more than the limit.
    fn rows<T>(
        &self,
        rows: &[&T],
        cell: impl Fn(&T, &str) -> Option<Value>,
    ) -> Result<Vec<Vec<Value>>, Refusal> {
        let rows = rows.iter().skip(self.offset).take(self.limit + 1);
        rows.map(|row| {
            let cells = self.columns.iter().map(|(name, _)| {
                let unknown = || Refusal::invalid(format!("Unable to resolve field: {name}"));
                cell(row, name).ok_or_else(unknown)
            });
            cells.collect()
        })
        .collect()
    }
}

fn of_event(event: &Event, name: &str, zone: i64) -> Option<Value> {
    Some(match name {
        "uuid" => event.uuid.clone().into(),
        "event" => event.event.clone().into(),
        "properties" => event.properties.to_string().into(),
        "distinct_id" => event.distinct_id.clone().into(),
        "timestamp" => time::iso(event.timestamp, zone).into(),
        "created_at" => time::iso(event.created_at, zone).into(),
        "poe.id" => event.person_id.clone().into(),
        "poe.properties" => event.person_properties.to_string().into(),
        _ => return None,
    })
}

fn of_person(person: &Person, name: &str, zone: i64) -> Option<Value> {
    Some(match name {
        "distinct_id" => person.distinct_id.clone().into(),
        "person_id" => person.person_id.clone().into(),
        "person.properties" => person.properties.to_string().into(),
        "person.created_at" => time::iso(person.created_at, zone).into(),
        _ => return None,
    })
}

/// A text, or a time of one.
fn literal_of(literal: &str) -> Option<Bound> {
    if let Some(arguments) = literal.strip_prefix("toDateTime64(") {
        let (text, rest) = arguments.split_once(", 6, 'UTC')")?;
        return rest.is_empty().then(|| time::parse(text.trim_matches('\'')).map(Bound::Time))?;
    }
    let inner = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(Bound::Text(inner.replace("\\'", "'").replace("\\\\", "\\")))
}

/// The query with its values in place of `{name}`.
fn filled(text: &str, values: &Value) -> Result<String, Refusal> {
    let mut sql = text.to_owned();
    for (name, value) in values.as_object().into_iter().flatten() {
        let text = value.as_str().unwrap_or_default();
        let quoted = format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        sql = sql.replace(&format!("{{{name}}}"), &quoted);
    }
    match sql.contains('{') {
        true => Err(Refusal::invalid("Unresolved placeholder")),
        false => Ok(sql),
    }
}
