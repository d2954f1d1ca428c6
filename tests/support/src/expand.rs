//! `expand[]`: what may be expanded, by Stripe's document, and doing it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::document::document;
use crate::object::shown;
use crate::refusal::Refusal;
use crate::resource::{Included, of_object};
use crate::version::Generation;
use crate::world::World;

/// Levels that a path may have, `data` among them.
const DEEPEST: usize = 4;

/// Ids of the older generation that could be expanded: object, field, and what it names.
const OLDER: &[(&str, &str, &str)] = &[
    ("charge", "invoice", "invoice"),
    ("credit_note", "refund", "refund"),
    ("invoice", "charge", "charge"),
    ("invoice", "payment_intent", "payment_intent"),
    ("invoice", "subscription", "subscription"),
    ("payment_intent", "invoice", "invoice"),
];

/// Fields of the newer generation only.
const NEWER: &[(&str, &str)] = &[("invoice", "payments"), ("discount", "source")];

/// The paths of a request, without `data` where a list is asked for, if all of them lead somewhere.
pub fn check(
    paths: &[&str],
    object: &str,
    is_list: bool,
    generation: Generation,
) -> Result<Vec<Vec<String>>, Refusal> {
    let check = |path: &&str| {
        let mut parts: Vec<String> = path.split('.').map(str::to_owned).collect();
        if parts.len() > DEEPEST {
            let message = "You cannot expand more than 4 levels of a property. Property: ";
            return Err(Refusal::new(400, format!("{message}{path}"))
                .code("property_expansion_max_depth")
                .param("expand"));
        }
        if is_list {
            if parts[0] != "data" || parts.len() == 1 {
                let hint = format!("You may want to try expanding 'data.{path}' instead.");
                let message = format!("This property cannot be expanded ({}). {hint}", parts[0]);
                return Err(Refusal::new(400, message));
            }
            parts.remove(0);
        }
        if leads(object, &parts, generation) {
            Ok(parts)
        } else {
            Err(Refusal::new(400, format!("This property cannot be expanded ({path}).")))
        }
    };
    paths.iter().map(check).collect()
}

/// Whether a path of fields ends at something that can be expanded.
fn leads(object: &str, parts: &[String], generation: Generation) -> bool {
    document().schema(object).is_some_and(|schema| leads_in(schema, parts, generation))
}

fn leads_in(schema: &Value, parts: &[String], generation: Generation) -> bool {
    let Some((first, rest)) = parts.split_first() else { return false };
    let kind = schema["x-resourceId"].as_str().unwrap_or_default();
    if generation == Generation::Acacia {
        let older = OLDER.iter().find(|(object, field, _)| *object == kind && field == first);
        if let Some((_, _, target)) = older {
            return rest.is_empty() || leads(target, rest, generation);
        }
        if NEWER.contains(&(kind, first)) {
            return false;
        }
    }
    let Some(property) = schema["properties"].get(first) else { return false };
    let resource = of_object(kind);
    let is_included =
        resource.is_some_and(|r| r.included.iter().any(|included| included.field() == first));
    // Arrays of ids say it for their elements.
    let expandable = [property, &property["items"]];
    let is_id = expandable.iter().any(|part| part.get("x-expansionResources").is_some());
    if rest.is_empty() {
        return is_included || is_id;
    }
    let alternatives = document().alternatives(property);
    alternatives.into_iter().any(|alternative| {
        let items = alternative.get("items").map(|items| document().alternatives(items));
        let below = items.unwrap_or_else(|| vec![alternative]);
        below.into_iter().any(|schema| leads_in(schema, rest, generation))
    })
}

/// An object as a client sees it that expands these paths.
pub fn expanded(full: &Value, paths: &[&[String]], world: &World) -> Value {
    let mut value = full.clone();
    let mut by_field: BTreeMap<&str, Vec<&[String]>> = BTreeMap::new();
    for path in paths {
        if let Some((first, rest)) = path.split_first() {
            by_field.entry(first).or_default().push(rest);
        }
    }
    let kind = value.get("object").and_then(Value::as_str).unwrap_or_default().to_owned();
    let resource = of_object(&kind);
    let included = resource.map_or(&[][..], |resource| resource.included);
    for (field, rest) in &by_field {
        match included.iter().find(|included| included.field() == *field) {
            Some(Included::Children { resource, by, .. }) => {
                value[*field] = children(&kind, &value["id"], resource, by, world);
            }
            // An object that stands inside of another may lack what its own store has.
            Some(Included::Stored(_)) if value.get(*field).is_none_or(Value::is_null) => {
                let id = value["id"].as_str().unwrap_or_default();
                let stored = resource.and_then(|r| world.object(r.name, id));
                if let Some(stored) = stored.and_then(|stored| stored.get(*field).cloned()) {
                    value[*field] = stored;
                }
            }
            _ => {}
        }
        if let Some(part) = value.get_mut(*field) {
            expand_value(part, rest, world);
        }
    }
    let asked: Vec<&str> = by_field.into_keys().collect();
    shown(value, &asked)
}

/// Expands what stands at a field.
fn expand_value(value: &mut Value, rest: &[&[String]], world: &World) {
    match value {
        Value::String(id) => {
            if let Some(found) = world.find(id) {
                *value = expanded(&found, rest, world);
            }
        }
        Value::Array(parts) => {
            parts.iter_mut().for_each(|part| expand_value(part, rest, world));
        }
        Value::Object(_) if value["object"] == "list" => {
            let below: Vec<&[String]> = rest
                .iter()
                .filter_map(|path| path.strip_prefix(&["data".to_owned()]))
                .filter(|path| !path.is_empty())
                .collect();
            if let Some(parts) = value["data"].as_array_mut().filter(|_| !below.is_empty()) {
                parts.iter_mut().for_each(|part| *part = expanded(part, &below, world));
            }
        }
        Value::Object(_) if rest.iter().any(|path| !path.is_empty()) => {
            *value = expanded(value, rest, world);
        }
        _ => {}
    }
}

/// The first ten objects of another resource that name this one, newest first.
fn children(kind: &str, id: &Value, resource: &str, by: &str, world: &World) -> Value {
    let id = id.as_str().unwrap_or_default();
    let all = world.children(resource, by, id);
    let parent = of_object(kind).map_or("", |resource| resource.name);
    let url = match resource {
        "invoice_payments" => format!("/v1/invoice_payments?invoice={id}"),
        _ => format!("/v1/{parent}/{id}/{resource}"),
    };
    json!({
        "object": "list",
        "has_more": all.len() > crate::object::INLINE,
        "url": url,
        "data": all.into_iter().take(crate::object::INLINE).collect::<Vec<Value>>(),
    })
}
