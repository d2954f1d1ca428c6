//! Objects of which only some fields are kept: a payment method without the card in it.

use std::borrow::Cow;

use super::object::table_of;
use super::resources::RESOURCES;
use crate::sync::json::Json;

/// The object with the fields that its resource keeps; `None` if it keeps them all.
pub fn reduced<'a>(object: &Json<'a>) -> Option<Json<'a>> {
    let keeps = RESOURCES[table_of(object)?].keeps;
    (!keeps.is_empty()).then(|| only(object, keeps))
}

/// The same inside an event: in the object that it carries, and in what that was before.
pub fn reduced_event<'a>(event: &Json<'a>) -> Option<Json<'a>> {
    let data = event.get("data")?;
    let keeps = RESOURCES[table_of(data.get("object")?)?].keeps;
    if keeps.is_empty() {
        return None;
    }
    let data = map(data, |name, value| match name {
        "object" | "previous_attributes" => only(value, keeps),
        _ => value.clone(),
    });
    Some(map(event, |name, value| if name == "data" { data.clone() } else { value.clone() }))
}

fn only<'a>(object: &Json<'a>, keeps: &[&str]) -> Json<'a> {
    match object {
        Json::Object(fields) => Json::Object(
            fields.iter().filter(|(name, _)| keeps.contains(&&**name)).cloned().collect(),
        ),
        other => other.clone(),
    }
}

fn map<'a>(object: &Json<'a>, change: impl Fn(&str, &Json<'a>) -> Json<'a>) -> Json<'a> {
    match object {
        Json::Object(fields) => {
            let changed = fields.iter().map(|(name, value)| {
                let name: Cow<'a, str> = name.clone();
                let value = change(&name, value);
                (name, value)
            });
            Json::Object(changed.collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METHOD: &str = r#"{"id":"pm_1","object":"payment_method","type":"card",
        "card":{"last4":"4242","fingerprint":"F"},"billing_details":{"name":"Jo"}}"#;

    #[test]
    fn no_card_is_kept() {
        let kept = reduced(&Json::parse(METHOD).unwrap()).unwrap().to_compact();
        assert_eq!(kept, r#"{"id":"pm_1","object":"payment_method","type":"card"}"#);
        let event = format!(
            r#"{{"id":"evt_1","object":"event","data":{{"object":{METHOD},"previous_attributes":{{"card":{{"last4":"1"}}}}}}}}"#
        );
        let kept = reduced_event(&Json::parse(&event).unwrap()).unwrap().to_compact();
        assert!(
            kept.contains("pm_1") && !kept.contains("4242") && !kept.contains("last4"),
            "{kept}"
        );
        assert_eq!(reduced(&Json::parse(r#"{"id":"cus_1","object":"customer"}"#).unwrap()), None);
    }
}
