//! What Stripe would say beside the fields that a test cares about: the other fields of an object,
//! at their neutral values.

use serde_json::{Map, Value};

use crate::document::document;
use crate::version::Generation;

/// Adds the fields that an object of its kind has: null where the document allows it, else neutral.
/// The same for the objects inside of it.
pub fn complete(object: &mut Value, generation: Generation) {
    let Some(kind) = object.get("object").and_then(Value::as_str).map(str::to_owned) else {
        return;
    };
    match generation {
        Generation::Acacia => complete_by_fixture(&kind, object),
        Generation::Basil => {
            if let Some(schema) = document().schema(&kind) {
                fill(schema, object, document().fixture(&kind, generation));
            }
        }
    }
}

/// Fills an object by its schema.
fn fill(schema: &Value, value: &mut Value, fixture: Option<&Map<String, Value>>) {
    let document = document();
    let (Some(object), Some(properties)) =
        (value.as_object_mut(), schema.get("properties").and_then(Value::as_object))
    else {
        return;
    };
    let required = schema.get("required").and_then(Value::as_array);
    // Where the document has no null, Stripe leaves the field out.
    object.retain(|name, value| {
        let property = properties.get(name).filter(|_| value.is_null());
        property.is_none_or(|property| is_nullable(property))
    });
    for (name, property) in properties {
        match object.get_mut(name) {
            Some(value) => descend(property, value),
            None if is_nullable(property) => {
                object.insert(name.clone(), Value::Null);
            }
            None if required.is_some_and(|names| names.iter().any(|n| n == name)) => {
                let shown = fixture.and_then(|fixture| fixture.get(name));
                let resolved = document.resolve(property);
                let neutral = match shown {
                    Some(shown) if is_neutral(shown, resolved) => known(shown, property),
                    _ => neutral(property),
                };
                object.insert(name.clone(), neutral);
            }
            None => {}
        }
    }
}

/// Fills what is inside of a value.
fn descend(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(_) => {
            let kind = value.get("object").and_then(Value::as_str);
            let fits = |alternative: &&Value| {
                let kinds = &alternative["properties"]["object"]["enum"];
                alternative.get("properties").is_some()
                    && (kinds.is_null()
                        || kinds
                            .as_array()
                            .is_some_and(|names| names.iter().any(|name| name.as_str() == kind)))
            };
            let alternatives = document().alternatives(schema);
            if let Some(alternative) = alternatives.into_iter().find(fits) {
                fill(alternative, value, None);
            }
        }
        Value::Array(parts) => {
            for alternative in document().alternatives(schema) {
                if let Some(items) = alternative.get("items") {
                    parts.iter_mut().for_each(|part| descend(items, part));
                }
            }
        }
        _ => {}
    }
}

fn is_nullable(schema: &Value) -> bool {
    schema["nullable"] == true
}

/// Whether a value of the fixtures says nothing in particular.
fn is_neutral(shown: &Value, schema: &Value) -> bool {
    match shown {
        Value::Bool(_) => true,
        Value::String(_) => schema.get("enum").is_some(),
        Value::Object(fields) => !fields.contains_key("id") && !fields.contains_key("data"),
        _ => false,
    }
}

/// A value of the fixtures without fields that the document does not have.
fn known(shown: &Value, schema: &Value) -> Value {
    let alternatives = document().alternatives(schema);
    let schema = alternatives.into_iter().find(|schema| schema.get("properties").is_some());
    let (Some(object), Some(schema)) = (shown.as_object(), schema) else { return shown.clone() };
    let properties = &schema["properties"];
    let kept = object.iter().filter_map(|(name, value)| {
        properties.get(name).map(|property| (name.clone(), known(value, property)))
    });
    let mut kept = Value::Object(kept.collect());
    fill(schema, &mut kept, None);
    kept
}

/// A value that a schema allows and that says nothing.
fn neutral(schema: &Value) -> Value {
    let schema = document().alternatives(schema)[0];
    if let Some(first) = schema.get("enum").and_then(|names| names.get(0)) {
        return first.clone();
    }
    match schema["type"].as_str() {
        Some("boolean") => false.into(),
        Some("integer" | "number") => 0.into(),
        Some("string") if schema["format"] == "decimal" => "0".into(),
        Some("string") => "".into(),
        Some("array") => Value::Array(vec![]),
        Some("object") => {
            let mut object = Value::Object(Map::new());
            fill(schema, &mut object, None);
            object
        }
        _ => Value::Null,
    }
}

/// Fields of the older generation that clients read by themselves: a made-up one would be a claim.
const UNTOLD: &[&str] = &["refunds"];

/// The older generation has no schema here, only one object of each kind.
fn complete_by_fixture(kind: &str, value: &mut Value) {
    let Some(object) = value.as_object_mut() else { return };
    if let Some(fixture) = document().fixture(kind, Generation::Acacia) {
        let properties = document().schema(kind).map(|schema| &schema["properties"]);
        for (name, shown) in fixture {
            let is_told = object.contains_key(name) || UNTOLD.contains(&name.as_str());
            if is_told {
                continue;
            }
            let property = properties.and_then(|properties| properties.get(name));
            let value = match (shown, property) {
                (_, Some(property)) if is_nullable(property) => Value::Null,
                (Value::Bool(_), _) => shown.clone(),
                (Value::Array(_), _) => Value::Array(vec![]),
                (_, Some(property)) if is_neutral(shown, property) => shown.clone(),
                (_, Some(property)) => neutral(property),
                (_, None) => Value::Null,
            };
            object.insert(name.clone(), value);
        }
    }
    complete_inside(object);
}

fn complete_inside(object: &mut Map<String, Value>) {
    for part in object.values_mut() {
        match part {
            Value::Array(parts) => {
                parts.iter_mut().for_each(|part| complete(part, Generation::Acacia));
            }
            Value::Object(fields) if fields.get("object").is_some_and(|kind| kind == "list") => {
                complete_inside(fields);
            }
            Value::Object(_) => complete(part, Generation::Acacia),
            _ => {}
        }
    }
}
