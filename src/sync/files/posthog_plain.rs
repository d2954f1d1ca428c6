//! PostHog's events read off their text: what needs no second look never becomes a tree.

use std::borrow::Cow;

use super::events::EventRow;
use super::time;
use crate::sync::json::{compact_fields, is_compact, plain_fields, plain_string};

/// What the properties of a person or an event say about who it is.
#[derive(Debug, Clone, Default)]
pub struct Said<'a> {
    pub email: Option<&'a str>,
    /// `$email`.
    pub dollar_email: Option<&'a str>,
    pub set_email: Option<&'a str>,
    pub customer: Option<&'a str>,
    pub groups: Option<&'a str>,
}

impl<'a> Said<'a> {
    /// `None` if the properties are not plain.
    pub fn of(properties: &'a str) -> Option<Self> {
        if is_compact(properties) { Self::within(properties) } else { None }
    }

    /// The same of properties inside a compact text.
    fn within(properties: &'a str) -> Option<Self> {
        let mut said = Self::default();
        let is_some = |text: &&str| !text.trim().is_empty();
        let is_object = compact_fields(properties, |name, value| {
            let found = plain_string(value).filter(is_some);
            match name {
                "email" => said.email = found,
                "$email" => said.dollar_email = found,
                "stripe_customer_id" => said.customer = found,
                "$groups" => {
                    said.groups = Some(value).filter(|text| !["null", "{}"].contains(text));
                }
                "$set" => {
                    said.set_email = None;
                    compact_fields(value, |name, value| {
                        if name == "email" {
                            said.set_email = plain_string(value).filter(is_some);
                        }
                    });
                }
                _ => {}
            }
        });
        is_object.then_some(said)
    }
}

/// The fields of an event that land, each as the text of its value.
#[derive(Default)]
struct Fields<'a> {
    uuid: Option<&'a str>,
    event: Option<&'a str>,
    distinct_id: Option<&'a str>,
    person_id: Option<&'a str>,
    timestamp: Option<&'a str>,
    inserted_at: Option<&'a str>,
    created_at: Option<&'a str>,
    properties: Option<&'a str>,
    person_properties: Option<&'a str>,
}

/// The event of a record with an id of its own, if all of it can be taken as it is written.
pub fn row(record: &str) -> Option<EventRow<'_>> {
    let mut fields = Fields::default();
    let is_plain = plain_fields(record, |name, value| {
        let field = match name {
            "uuid" => &mut fields.uuid,
            "event" => &mut fields.event,
            "distinct_id" => &mut fields.distinct_id,
            "person_id" => &mut fields.person_id,
            "timestamp" => &mut fields.timestamp,
            "_inserted_at" => &mut fields.inserted_at,
            "created_at" => &mut fields.created_at,
            "properties" => &mut fields.properties,
            "person_properties" => &mut fields.person_properties,
            _ => return,
        };
        *field = Some(value);
    });
    if !is_plain {
        return None;
    }
    let (properties, event) = object(fields.properties)?;
    let (person_properties, person) = object(fields.person_properties)?;
    let email = person.email.or(person.dollar_email).or(event.set_email);
    let ingested_at = match (fields.inserted_at, fields.created_at) {
        (None | Some("null"), None | Some("null")) => None,
        (None | Some("null"), Some(time)) | (Some(time), _) => Some(moment(time)?),
    };
    Some(EventRow {
        uuid: Some(text(fields.uuid?)?.into()),
        event: text(fields.event?)?.into(),
        occurred_at: moment(fields.timestamp?)?,
        ingested_at,
        // It has to be there, as it tells an event from other records.
        distinct_id: id(Some(fields.distinct_id?))?,
        person_id: id(fields.person_id)?,
        email: email.or(event.email).or(event.dollar_email).map(Cow::Borrowed),
        stripe_customer_id: person.customer.or(event.customer).map(Cow::Borrowed),
        groups: event.groups.map(Cow::Borrowed),
        properties: properties.map(Cow::Borrowed),
        person_properties: person_properties.map(Cow::Borrowed),
        source: "posthog".into(),
        ..EventRow::default()
    })
}

/// A string with something in it.
fn text(value: &str) -> Option<&str> {
    plain_string(value).filter(|text| !text.is_empty())
}

/// A string, or nothing where there is none.
fn id(value: Option<&str>) -> Option<Option<Cow<'_, str>>> {
    match value {
        None | Some("null") => Some(None),
        Some(value) => Some(Some(text(value)?.into())),
    }
}

/// An object as its text, nothing where it has no fields, and what it says.
fn object(value: Option<&str>) -> Option<(Option<&str>, Said<'_>)> {
    match value {
        None | Some("null") => Some((None, Said::default())),
        Some(value) => Some((Some(value).filter(|text| *text != "{}"), Said::within(value)?)),
    }
}

/// µs of a time that is written as text.
fn moment(value: &str) -> Option<i64> {
    time::moment(plain_string(value)?)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::mapping::Sources;
    use super::super::posthog;
    use super::*;
    use crate::sync::files::time::Times;
    use crate::sync::json::Json;

    /// Records of fields that events have, each with a value that it may have or not.
    fn record() -> impl Strategy<Value = String> {
        let name = prop_oneof![
            8 => prop_oneof!["uuid", "event", "distinct_id", "timestamp"],
            4 => prop_oneof!["properties", "person_properties", "_inserted_at", "created_at"],
            1 => prop_oneof!["person_id", "id", "object", "x"],
        ];
        let inner = prop_oneof![
            Just("\"a@x.io\""),
            Just("\"\""),
            Just("\" \""),
            Just("7"),
            Just("null"),
            Just("{}"),
            Just("{\"email\":\"b@x.io\"}"),
            Just("{\"company\":\"acme inc\"}"),
            Just("\"\\u0061\""),
        ];
        let key =
            prop_oneof!["email", "\\$email", "\\$set", "\\$groups", "stripe_customer_id", "x"];
        let object = vec((key, inner.clone()), 0..4).prop_map(|fields| {
            let fields: Vec<String> =
                fields.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
            format!("{{{}}}", fields.join(","))
        });
        let value = move |name: String| {
            let usual = match &*name {
                "properties" | "person_properties" => object.clone().boxed(),
                "timestamp" | "_inserted_at" | "created_at" => prop_oneof![
                    Just("\"2024-01-02T00:45:23.000000Z\""),
                    Just("\"soon\""),
                    Just("1704156323")
                ]
                .prop_map(str::to_owned)
                .boxed(),
                _ => "\"[a-z@.]{0,5}\"".boxed(),
            };
            let other = inner.clone().prop_map(str::to_owned);
            (Just(name), prop_oneof![9 => usual, 1 => other])
        };
        vec(name.prop_flat_map(value), 3..12).prop_map(|fields| {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}}}", fields.join(","))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        /// What is read off the text is what the tree says, without a fault.
        #[test]
        fn text_and_tree_say_the_same(record in record()) {
            let Some(plain) = row(&record) else { return Ok(()) };
            let tree = Json::parse(&record).unwrap();
            prop_assert!(posthog::is_event(&tree));
            let mut faults = Vec::new();
            let times = Times::of(None, 1_764_547_200_000_000);
            let mut row = posthog::row(&tree, &Sources::new(None), &times, &mut faults).unwrap();
            row.canonical_properties = None;
            prop_assert_eq!(faults, vec![]);
            prop_assert_eq!(format!("{row:?}"), format!("{plain:?}"));
        }
    }

    #[test]
    fn a_usual_line_is_plain() {
        let line = r#"{"uuid":"u1","timestamp":"2024-01-02T00:45:23.000000Z","event":"signed_up","properties":{"via":"a b"},"distinct_id":"u_1","elements_chain":null,"person_properties":{"email":"jane@acme.com"},"person_id":"p1"}"#;
        let row = row(line).unwrap();
        assert_eq!(row.email.as_deref(), Some("jane@acme.com"));
        assert_eq!(row.properties.as_deref(), Some(r#"{"via":"a b"}"#));
    }
}
