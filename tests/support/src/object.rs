//! An object as it is kept: completed, with discounts by id, and as the bytes that a list shows.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use crate::document::document;
use crate::path;
use crate::resource::{Filter, Included, Resource, of_object};
use crate::store::Entry;

/// Elements of an inline list that are shown.
pub const INLINE: usize = 10;

/// The entry of an object.
pub fn entry(resource: &Resource, object: &Value) -> Entry {
    let full = Bytes::from(object.to_string());
    let body = if is_shown_whole(resource, object) {
        full.clone()
    } else {
        Bytes::from(shown(object.clone(), &[]).to_string())
    };
    let tag = match resource.tag {
        "" => None,
        tag => path::pick(object, tag).first().and_then(|value| path::text(value)),
    };
    let has_clock = object.get("test_clock").is_some_and(|clock| !clock.is_null());
    Entry {
        id: object["id"].as_str().unwrap_or_default().into(),
        full,
        body,
        tag: tag.map(Arc::from),
        expandable: expandable(resource, object),
        is_unlisted: false,
        has_clock,
        refs: refs(resource, object),
    }
}

fn is_shown_whole(resource: &Resource, object: &Value) -> bool {
    let is_hidden = |included: &Included| object.get(included.field()).is_some();
    let is_long = |field: &str| {
        object[field]["data"].as_array().is_some_and(|elements| elements.len() > INLINE)
    };
    !resource.included.iter().any(is_hidden)
        && !resource.inline.iter().any(|inline| is_long(inline.field))
}

/// An object as it is shown to a client that expands some of its fields: without those that are
/// shown only then, and with the first elements of its lists.
pub fn shown(mut value: Value, asked: &[&str]) -> Value {
    let kind = value.get("object").and_then(Value::as_str);
    let resource = kind.and_then(of_object);
    let (Some(resource), Some(object)) = (resource, value.as_object_mut()) else { return value };
    for included in resource.included {
        if !asked.contains(&included.field()) {
            object.shift_remove(included.field());
        }
    }
    for inline in resource.inline {
        let Some(list) = object.get_mut(inline.field) else { continue };
        if let Some(elements) = list["data"].as_array_mut().filter(|all| all.len() > INLINE) {
            elements.truncate(INLINE);
            list["has_more"] = true.into();
        }
    }
    value
}

/// The fields that a mask of this resource has bits for.
pub fn expandable_fields(resource: &Resource) -> impl Iterator<Item = &str> {
    let included = resource.included.iter().map(|included| included.field());
    let older = ["charge", "invoice", "payment_intent", "refund", "subscription"];
    included.chain(older).chain(document().expandable(resource.object)).take(128)
}

/// The mask with the bit of a field, or all bits for a field without one.
pub fn bit(resource: &Resource, field: &str) -> u128 {
    expandable_fields(resource).position(|name| name == field).map_or(u128::MAX, |at| 1 << at)
}

fn expandable(resource: &Resource, object: &Value) -> u128 {
    let mut mask = 0;
    for (at, field) in expandable_fields(resource).enumerate() {
        let is_computed = resource.included.iter().any(
            |included| matches!(included, Included::Children { field: name, .. } if *name == field),
        );
        let holds = match object.get(field) {
            None | Some(Value::Null) => false,
            Some(Value::Array(elements)) => !elements.is_empty(),
            Some(_) => true,
        };
        if is_computed || holds {
            mask |= 1 << at;
        }
    }
    mask
}

/// The ids that the filters compare, and those of the elements of inline lists.
fn refs(resource: &Resource, object: &Value) -> Vec<Arc<str>> {
    let mut ids: Vec<&str> = vec![];
    for filter in resource.filters {
        if let Filter::Ref(_, path) = filter {
            ids.extend(path::pick(object, path).into_iter().filter_map(Value::as_str));
        }
    }
    if resource.object == "subscription" {
        ids.extend(path::pick(object, "items.data[].id").into_iter().filter_map(Value::as_str));
    }
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(Arc::from).collect()
}
