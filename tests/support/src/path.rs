//! Paths into objects, in the words of the tables: `items.data[].price.id|plan`.

use serde_json::Value;

/// All values that a path leads to; of the alternatives between `|`, the first that leads anywhere.
/// An object where an id may stand counts as its id.
pub fn pick<'a>(object: &'a Value, path: &str) -> Vec<&'a Value> {
    for alternative in path.split('|') {
        let mut found = vec![object];
        for part in alternative.split('.') {
            let (name, is_each) = match part.strip_suffix("[]") {
                Some(name) => (name, true),
                None => (part, false),
            };
            found = found.into_iter().filter_map(|value| value.get(name)).collect();
            if is_each {
                found = found.into_iter().filter_map(Value::as_array).flatten().collect();
            }
        }
        let found: Vec<&Value> = found.into_iter().filter(|value| !value.is_null()).collect();
        if !found.is_empty() {
            return found.into_iter().map(|value| value.get("id").unwrap_or(value)).collect();
        }
    }
    vec![]
}

/// The text of a plain value, as a query string has it.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
