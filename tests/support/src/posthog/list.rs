//! The older lists: projects, events, persons, groups.

use serde_json::{Value, json};

use super::project::{Event, Project};
use super::reply::{Refusal, Reply};
use super::time;

/// Groups of a page.
const GROUPS: usize = 3;

/// The parameters of a request.
pub struct Query<'a>(pub &'a [(String, String)]);

impl Query<'_> {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str, usual: usize) -> usize {
        self.get(name).and_then(|text| text.parse().ok()).unwrap_or(usual)
    }
}

impl Project {
    /// The project itself.
    pub fn described(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "created_at": time::iso(self.created_at, 0),
            "timezone": "UTC",
            "organization": "0190a000-0000-4000-8000-000000000000",
        })
    }
}

pub fn projects(project: &Project, query: &Query<'_>) -> Reply {
    let projects = if query.number("offset", 0) == 0 { vec![project.described()] } else { vec![] };
    Reply::Json(200, json!({ "count": 1, "next": null, "previous": null, "results": projects }))
}

/// Events, newest first; without `after`, those of the last day.
pub fn events(project: &Project, query: &Query<'_>) -> Result<Reply, Refusal> {
    let bound = |name: &str, usual: i64| match query.get(name) {
        None | Some("") => Ok(usual),
        Some(text) => time::parse(&text.replace(' ', "+"))
            .ok_or_else(|| Refusal::invalid(format!("{name} is no time"))),
    };
    let after = bound("after", project.now - 86_400_000_000)?;
    let before = bound("before", project.now + 5_000_000)?;
    let mut events: Vec<&Event> = project
        .events
        .iter()
        .filter(|event| event.timestamp > after && event.timestamp < before)
        .collect();
    events.sort_by(|a, b| (b.timestamp, &b.uuid).cmp(&(a.timestamp, &a.uuid)));
    let limit = query.number("limit", 100).min(50_000);
    let offset = query.number("offset", 0);
    let has_more = events.len() > offset + limit;
    let page: Vec<&Event> = events.into_iter().skip(offset).take(limit).collect();
    // The next page goes by time, so that events of the same moment come twice or not at all.
    let next = page.last().filter(|_| has_more).map(|last| {
        format!("/api/projects/{}/events/?before={}", project.id, time::iso(last.timestamp, 0))
    });
    let results: Vec<Value> = page.into_iter().map(listed).collect();
    Ok(Reply::Json(200, json!({ "next": next, "results": results })))
}

fn listed(event: &Event) -> Value {
    json!({
        "id": event.uuid,
        "distinct_id": event.distinct_id,
        "properties": event.properties,
        "event": event.event,
        "timestamp": time::iso(event.timestamp, 0).replace('Z', "+00:00"),
        "person": null,
        "elements": [],
        "elements_chain": "",
    })
}

pub fn persons(project: &Project, query: &Query<'_>) -> Reply {
    let (limit, offset) = (query.number("limit", 100), query.number("offset", 0));
    let persons = project.persons.iter().skip(offset).take(limit);
    let results: Vec<Value> = persons
        .map(|person| {
            json!({
                "id": person.person_id,
                "name": person.distinct_id,
                "distinct_ids": [person.distinct_id],
                "properties": person.properties,
                "created_at": time::iso(person.created_at, 0),
                "uuid": person.person_id,
            })
        })
        .collect();
    Reply::Json(200, json!({ "next": null, "previous": null, "results": results }))
}

pub fn group_types(project: &Project) -> Reply {
    let types = project.group_types.iter().enumerate().map(|(index, name)| {
        json!({
            "group_type": name, "group_type_index": index,
            "name_singular": null, "name_plural": null,
        })
    });
    Reply::Json(200, types.collect())
}

/// Groups of a type, a few a page.
pub fn groups(project: &Project, query: &Query<'_>, base: &str) -> Result<Reply, Refusal> {
    let index: u64 = query
        .get("group_type_index")
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Refusal::invalid("group_type_index is required"))?;
    let start = query.number("cursor", 0);
    let of_type: Vec<_> = project.groups.iter().filter(|group| group.type_index == index).collect();
    let end = (start + GROUPS).min(of_type.len());
    let results: Vec<Value> = of_type[start.min(end)..end]
        .iter()
        .map(|group| {
            json!({
                "group_type_index": index,
                "group_key": group.key,
                "group_properties": group.properties,
                "created_at": time::iso(group.created_at, 0),
            })
        })
        .collect();
    let next = (end < of_type.len()).then(|| {
        format!("{base}/api/projects/{}/groups/?group_type_index={index}&cursor={end}", project.id)
    });
    Ok(Reply::Json(200, json!({ "next": next, "previous": null, "results": results })))
}
