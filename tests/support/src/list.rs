//! Pages: which objects a list shows, in which order, and the bytes of it.

use std::collections::BTreeSet;

use bytes::{BufMut, Bytes, BytesMut};
use memchr::memmem;
use serde_json::Value;

use crate::expand::{self, expanded};
use crate::object::{bit, shown};
use crate::path;
use crate::query::{Bounds, Query};
use crate::refusal::Refusal;
use crate::resource::{Filter, Resource};
use crate::store::{Entry, Place, Store};
use crate::world::World;

const DAY: i64 = 86_400;
/// Events are listed for thirty days.
const EVENT_DAYS: i64 = 30;
/// Event types that a request may name.
const MOST_TYPES: usize = 20;

/// A page before it is written.
pub struct Page {
    pub objects: Vec<Bytes>,
    pub has_more: bool,
    pub url: String,
}

impl Page {
    pub fn bytes(&self) -> Bytes {
        let size: usize = self.objects.iter().map(|object| object.len() + 1).sum();
        let mut out = BytesMut::with_capacity(size + self.url.len() + 64);
        out.put_slice(br#"{"object":"list","data":["#);
        for (at, object) in self.objects.iter().enumerate() {
            if at > 0 {
                out.put_u8(b',');
            }
            out.put_slice(object);
        }
        out.put_slice(br#"],"has_more":"#);
        out.put_slice(if self.has_more { b"true" } else { b"false" });
        out.put_slice(br#","url":"#);
        out.put_slice(Value::from(self.url.as_str()).to_string().as_bytes());
        out.put_u8(b'}');
        out.freeze()
    }
}

/// A list of a resource; `within` narrows it to the children of an object, as a parameter would.
/// With `overlap`, a page starts with that many objects of the page before: a fault.
pub fn list(
    world: &World,
    resource: &'static Resource,
    query: &Query,
    within: Option<(&str, &str)>,
    url: String,
    overlap: usize,
) -> Result<Page, Refusal> {
    let store = world.store(resource.name);
    let paths = query.list("expand");
    let paths = expand::check(&paths, resource.object, true, world.generation())?;
    let limit = query.limit()?;
    let wanted = Wanted::new(world, resource, query, within)?;

    // Newest first: a page after a cursor holds what is older than it.
    let cursor = |name| match query.get(name) {
        Some(id) => cursor(store, resource, id, name).map(Some),
        None => Ok(None),
    };
    let after = cursor("starting_after")?;
    let before = cursor("ending_before")?;
    let oldest = wanted.created.map_or(i64::MIN, |created| created.from);
    let newest = wanted.created.map_or(i64::MAX, |created| created.to);
    let low = before.unwrap_or((i64::MIN, 0)).max((oldest, 0));
    let high = after.unwrap_or((i64::MAX, u64::MAX)).min((newest, u64::MAX));

    let is_backwards = before.is_some();
    let mut found: Vec<&Entry> = match &wanted.places {
        Some(places) => {
            let entries = places
                .iter()
                .filter(|place| low < **place && **place < high)
                .filter_map(|place| store.at(*place));
            take(entries, is_backwards, limit + 1, |entry| wanted.holds(entry))
        }
        None => {
            let entries = store.between(low, high).map(|(_, entry)| entry);
            take(entries, is_backwards, limit + 1, |entry| wanted.holds(entry))
        }
    };
    let has_more = found.len() > limit;
    found.truncate(limit);
    if is_backwards {
        found.reverse();
    }
    if let Some(after) = after.filter(|_| overlap > 0) {
        let newer = store.between((after.0, after.1 - 1), (newest, u64::MAX));
        let newer = newer.map(|(_, entry)| entry).filter(|entry| wanted.holds(entry));
        let mut again: Vec<&Entry> = newer.take(overlap).collect();
        again.reverse();
        again.append(&mut found);
        found = again;
    }
    let mask = paths.iter().fold(0, |mask, path| mask | bit(resource, &path[0]));
    let paths: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
    let render = |entry: &Entry| {
        if entry.expandable & mask == 0 {
            entry.body.clone()
        } else {
            Bytes::from(expanded(&entry.object(), &paths, world).to_string())
        }
    };
    Ok(Page { objects: found.into_iter().map(render).collect(), has_more, url })
}

/// The first entries that hold, newest first or from the other end.
fn take<'a>(
    entries: impl DoubleEndedIterator<Item = &'a Entry>,
    is_backwards: bool,
    limit: usize,
    holds: impl Fn(&Entry) -> bool,
) -> Vec<&'a Entry> {
    if is_backwards {
        entries.filter(|entry| holds(entry)).take(limit).collect()
    } else {
        entries.rev().filter(|entry| holds(entry)).take(limit).collect()
    }
}

/// Where a cursor stands. One that is gone is refused, as Stripe does when objects are deleted
/// while a client lists them (stripe-python issue 671).
fn cursor(store: &Store, resource: &Resource, id: &str, name: &str) -> Result<Place, Refusal> {
    store.place(id).ok_or_else(|| Refusal::missing(400, resource.object, id, name))
}

/// What a request wants to see of a resource.
struct Wanted<'a> {
    resource: &'static Resource,
    created: Option<Bounds>,
    /// The objects that name a wanted id, where the store knows them.
    places: Option<BTreeSet<Place>>,
    tags: Option<Vec<String>>,
    conditions: Vec<Condition<'a>>,
    shows_clocks: bool,
}

enum Condition<'a> {
    Equal(&'static str, &'a str),
    OneOf(&'static str, Vec<&'a str>),
    Within(&'static str, Bounds),
    Present(&'static str, bool),
}

impl<'a> Wanted<'a> {
    fn new(
        world: &World,
        resource: &'static Resource,
        query: &'a Query,
        within: Option<(&'a str, &'a str)>,
    ) -> Result<Self, Refusal> {
        let store = world.store(resource.name);
        let mut wanted = Self {
            resource,
            created: query.time("created")?,
            places: None,
            tags: tags(resource, query, within.is_some())?,
            conditions: vec![],
            shows_clocks: query.has("test_clock")
                || resource.object != "customer" && (query.has("customer") || within.is_some()),
        };
        if resource.object == "event" {
            let horizon = world.now() - EVENT_DAYS * DAY;
            let mut bounds = wanted.created.unwrap_or(Bounds { from: horizon, to: i64::MAX });
            bounds.from = bounds.from.max(horizon);
            wanted.created = Some(bounds);
        }
        let mut handled = vec!["created", "limit", "starting_after", "ending_before", "expand"];
        handled.extend(["status", "type", "types"]);
        for filter in resource.filters {
            let name = filter.parameter();
            handled.push(name);
            let value = match within {
                Some((parameter, id)) if parameter == name => Some(id),
                _ => query.get(name),
            };
            wanted.add(*filter, value, query, store)?;
        }
        let is_handled = |(name, _): &(String, &str)| {
            let base = name.split('[').next().unwrap_or(name);
            handled.contains(&name.as_str()) || handled.contains(&base)
        };
        match query.pairs().find(|pair| !is_handled(pair)) {
            Some((name, _)) => Err(Refusal::not_here(format!("the parameter {name}"))),
            None => Ok(wanted),
        }
    }

    fn add(
        &mut self,
        filter: Filter,
        value: Option<&'a str>,
        query: &'a Query,
        store: &Store,
    ) -> Result<(), Refusal> {
        match filter {
            Filter::Ref(_, path) => {
                if let Some(id) = value {
                    let named = store.naming(id).cloned().unwrap_or_default();
                    let both = match self.places.take() {
                        Some(places) => places.intersection(&named).copied().collect(),
                        None => named,
                    };
                    self.places = Some(both);
                    self.conditions.push(Condition::Equal(path, id));
                }
            }
            Filter::Is(_, path) => {
                self.conditions.extend(value.map(|value| Condition::Equal(path, value)));
            }
            Filter::In(name, path) => {
                let values = query.list(name);
                if !values.is_empty() {
                    self.conditions.push(Condition::OneOf(path, values));
                }
            }
            Filter::Time(name, path) => {
                let bounds = query.time(name)?;
                self.conditions.extend(bounds.map(|bounds| Condition::Within(path, bounds)));
            }
            Filter::Missing(_, path) => {
                let present = value.map(|value| value == "false");
                self.conditions.extend(present.map(|present| Condition::Present(path, present)));
            }
            // Read with the tags.
            Filter::Tag(_) => {}
        }
        Ok(())
    }

    fn holds(&self, entry: &Entry) -> bool {
        let is_hidden = entry.is_unlisted || entry.has_clock && !self.shows_clocks;
        !is_hidden && self.has_tag(entry.tag.as_deref()) && self.meets(entry)
    }

    fn has_tag(&self, tag: Option<&str>) -> bool {
        match (&self.tags, self.resource.object) {
            (Some(tags), _) => tags.iter().any(|wanted| fits(wanted, tag.unwrap_or("customer"))),
            (None, "subscription") => tag != Some("canceled"),
            // The document: "Returns a list of your active prices".
            (None, "price") => tag != Some("false"),
            (None, "payment_method") => tag != Some("custom"),
            // The document: "Defaults to `owner[type]=self`".
            (None, "tax_id") => tag == Some("self"),
            (None, _) => true,
        }
    }

    fn meets(&self, entry: &Entry) -> bool {
        if self.conditions.is_empty() {
            return true;
        }
        // Most objects are told apart without being parsed.
        let may = |condition: &Condition| match condition {
            Condition::Equal(_, value) => {
                memmem::find(&entry.full, value.as_bytes()).is_some() || !is_plain(value)
            }
            _ => true,
        };
        if !self.conditions.iter().all(may) {
            return false;
        }
        let object = entry.object();
        self.conditions.iter().all(|condition| condition.holds(&object))
    }
}

impl Condition<'_> {
    fn holds(&self, object: &Value) -> bool {
        let any =
            |path, holds: &dyn Fn(&Value) -> bool| path::pick(object, path).into_iter().any(holds);
        match self {
            Condition::Equal(path, wanted) => {
                any(path, &|value| path::text(value).as_deref() == Some(*wanted))
            }
            Condition::OneOf(path, wanted) => {
                any(path, &|value| path::text(value).is_some_and(|t| wanted.contains(&&*t)))
            }
            Condition::Within(path, bounds) => any(path, &|value| {
                value.as_i64().is_some_and(|at| bounds.from <= at && at <= bounds.to)
            }),
            Condition::Present(path, present) => path::pick(object, path).is_empty() != *present,
        }
    }
}

/// Whether a text stands in JSON as it is.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic() && c != '"' && c != '\\')
}

/// The tags that a request wants, or none if it names none.
fn tags(
    resource: &Resource,
    query: &Query,
    is_within: bool,
) -> Result<Option<Vec<String>>, Refusal> {
    let one = |value: &str| Some(vec![value.to_owned()]);
    let tags = match resource.object {
        "subscription" => match query.get("status") {
            Some("all") => one("*"),
            Some("ended") => Some(vec!["canceled".into(), "incomplete_expired".into()]),
            status => status.and_then(one),
        },
        "event" => {
            let types = query.list("types");
            if types.len() > MOST_TYPES {
                let message = format!("You may only specify up to {MOST_TYPES} types.");
                return Err(Refusal::invalid("types", message));
            }
            match (query.get("type"), types.is_empty()) {
                (Some(_), false) => {
                    let message = "You may pass either `type` or `types`, but not both.";
                    return Err(Refusal::invalid("type", message));
                }
                (Some(kind), true) => one(kind),
                (None, false) => Some(types.into_iter().map(str::to_owned).collect()),
                (None, true) => None,
            }
        }
        _ => {
            let tag = resource.filters.iter().find_map(|filter| match filter {
                Filter::Tag(name) => query.get(name),
                _ => None,
            });
            let is_owned = is_within || query.has("owner");
            match tag {
                Some(tag) => one(tag),
                None if resource.object == "tax_id" && is_owned => one("*"),
                None => None,
            }
        }
    };
    Ok(tags)
}

/// Whether a tag is a wanted one, which may end with an asterisk.
fn fits(wanted: &str, tag: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => tag.starts_with(start),
        None => wanted == tag,
    }
}

/// The list inside of an object: all of its elements, in pages.
pub fn inline(
    world: &World,
    object: &Value,
    field: &str,
    element: &str,
    query: &Query,
    url: String,
) -> Result<Page, Refusal> {
    let paths = query.list("expand");
    let paths = expand::check(&paths, element, true, world.generation())?;
    let paths: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
    let none = vec![];
    let elements = object[field]["data"].as_array().unwrap_or(&none);
    let limit = query.limit()?;
    let place = |name| match query.get(name) {
        Some(id) => match elements.iter().position(|element| element["id"] == id) {
            Some(at) => Ok(Some(at)),
            None => Err(Refusal::missing(400, element, id, name)),
        },
        None => Ok(None),
    };
    let (first, last) = match (place("starting_after")?, place("ending_before")?) {
        (_, Some(before)) => (before.saturating_sub(limit), before),
        (after, None) => {
            let first = after.map_or(0, |at| at + 1);
            (first, (first + limit).min(elements.len()))
        }
    };
    let has_more = match query.has("ending_before") {
        true => first > 0,
        false => last < elements.len(),
    };
    let render = |element: &Value| {
        let element = match paths.is_empty() {
            true => shown(element.clone(), &[]),
            false => expanded(element, &paths, world),
        };
        Bytes::from(element.to_string())
    };
    Ok(Page { objects: elements[first..last].iter().map(render).collect(), has_more, url })
}
