//! Rows of connectors that carry the whole object of their source in one column, and messages in
//! which connectors pass it on: what counts is the object.

use crate::sync::json::Json;

/// Columns that hold the whole object: of Airbyte, of Kafka's connector for Snowflake, of Estuary, and
/// what others call it, in any case.
const OBJECTS: &[&str] = &[
    "_airbyte_data",
    "record",
    "record_content",
    "flow_document",
    "data",
    "_data",
    "raw",
    "_raw",
    "raw_data",
    "raw_json",
    "value",
    "payload",
    "body",
    "content",
    "message",
    "response",
    "json",
    "json_data",
    "doc",
    "document",
    "object",
    "event",
    "item",
    "row",
    "src",
    "v",
];

/// What stands beside it and says nothing about it; so does what begins with an underscore.
const BESIDE: &[&str] = &[
    "id",
    "key",
    "stream",
    "namespace",
    "version",
    "sequence",
    "meta",
    "record_metadata",
    "emitted_at",
    "extracted_at",
    "time_extracted",
    "loaded_at",
    "synced_at",
    "inserted_at",
    "ingested_at",
    "received_at",
    "created_at",
    "updated_at",
];

/// Messages of Singer and of Airbyte that carry no row, and by which field they are known.
const MESSAGES: &[(&str, &[&str])] = &[
    ("SCHEMA", &["schema"]),
    ("STATE", &["value", "state"]),
    ("ACTIVATE_VERSION", &["version"]),
    ("LOG", &["log"]),
    ("TRACE", &["trace"]),
    ("SPEC", &["spec"]),
    ("CATALOG", &["catalog"]),
    ("CONTROL", &["control"]),
    ("CONNECTION_STATUS", &["connectionStatus"]),
    ("BATCH", &["manifest"]),
];

/// What a record proves to be.
#[derive(Debug, PartialEq)]
pub enum Wrapped<'r, 'a> {
    /// The row of a connector: its column, and the object in it, which may be JSON as text.
    Row { column: &'r str, object: &'r Json<'a> },
    /// A message of that type, which carries no row.
    Message(&'r str),
}

/// `None` for a record that is what it is: one that says anything itself.
pub fn wrapped<'r, 'a>(record: &'r Json<'a>) -> Option<Wrapped<'r, 'a>> {
    let Json::Object(fields) = record else { return None };
    let mut row = None;
    for (name, value) in fields {
        if name == "type" {
            match value.as_str()? {
                "RECORD" => {}
                message => return is_message(record, message).then_some(Wrapped::Message(message)),
            }
        } else if is_object_column(name) {
            if may_be_object(value) {
                let found = Wrapped::Row { column: name, object: value };
                // Of two objects, neither is the whole.
                if row.replace(found).is_some() {
                    return None;
                }
            } else if *value != Json::Null {
                return None;
            }
        } else if !(name.starts_with('_') || is_one_of(BESIDE, name) || is_in_message(name)) {
            return None;
        }
    }
    row
}

/// Whether rows with these columns, here without values, can be those of a connector.
pub fn may_be_wrapped(columns: &Json<'_>) -> bool {
    let Json::Object(fields) = columns else { return false };
    let is_beside = |name: &str| name.starts_with('_') || is_one_of(BESIDE, name);
    fields.iter().all(|(name, _)| is_beside(name) || is_object_column(name))
        && fields.iter().any(|(name, _)| is_object_column(name))
}

/// Whether a column of that name may hold the whole object.
pub fn is_object_column(name: &str) -> bool {
    is_one_of(OBJECTS, name)
}

/// True if the row, or the object in it, says that the source has deleted it.
pub fn is_marked_deleted(record: &Json<'_>) -> bool {
    let is_true = |name: &str| record.get(name) == Some(&Json::Bool(true));
    let is_set = |name: &str| record.get(name).is_some_and(|value| *value != Json::Null);
    is_true("_fivetran_deleted")
        || is_true("is_deleted")
        || is_set("_sdc_deleted_at")
        || is_set("_ab_cdc_deleted_at")
}

fn is_message(record: &Json<'_>, kind: &str) -> bool {
    let fields = MESSAGES.iter().find(|(known, _)| *known == kind).map(|(_, fields)| fields);
    fields.is_some_and(|fields| fields.iter().any(|field| record.get(field).is_some()))
}

fn is_in_message(name: &str) -> bool {
    MESSAGES.iter().any(|(_, fields)| fields.contains(&name))
        || matches!(name, "key_properties" | "bookmark_properties" | "encoding")
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn may_be_object(value: &Json<'_>) -> bool {
    match value {
        Json::Object(_) => true,
        Json::String(text) => text.trim_start().starts_with('{'),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_known_by_what_it_does_not_say() {
        let cases = [
            (
                r#"{"_airbyte_raw_id":"r","_airbyte_data":{"a":1},"_airbyte_meta":{}}"#,
                "_airbyte_data",
            ),
            (r#"{"_AIRBYTE_AB_ID":"r","_AIRBYTE_DATA":" {\"a\":1}"}"#, "_AIRBYTE_DATA"),
            (r#"{"type":"RECORD","stream":"s","record":{"a":1},"time_extracted":"t"}"#, "record"),
            (
                r#"{"record":{"stream":"s","data":{"a":1},"emitted_at":1},"type":"RECORD"}"#,
                "record",
            ),
            (r#"{"stream":"s","namespace":null,"data":{"a":1},"emitted_at":1}"#, "data"),
            (r#"{"_fivetran_synced":"t","id":1,"value":null,"data":{"a":1}}"#, "data"),
            (r#"{"RECORD_METADATA":{"offset":1},"RECORD_CONTENT":{"a":1}}"#, "RECORD_CONTENT"),
            (r#"{"type":"STATE","value":{"a":1}}"#, "STATE"),
            (r#"{"log":{"level":"INFO"},"type":"LOG"}"#, "LOG"),
            (r#"{"type":"SCHEMA","stream":"s","schema":{},"key_properties":["id"]}"#, "SCHEMA"),
            (r#"{"event":"x","data":{"a":1}}"#, ""),
            (r#"{"type":"signed_up","data":{"a":1},"created_at":1}"#, ""),
            (r#"{"type":"LOG","data":{"a":1},"created_at":1}"#, ""),
            (r#"{"data":{"a":1},"value":{"b":1}}"#, ""),
            (r#"{"data":"text","id":1}"#, ""),
            (r#"{"id":1,"data":{"a":1},"user_id":2}"#, ""),
            (r#"{"id":1}"#, ""),
            (r#"{"event":"signed_up","created_at":1}"#, ""),
            (r#"{"_id":"f","_created":"t","event":"{\"id\":1}"}"#, "event"),
        ];
        for (text, expected) in cases {
            let record = Json::parse(text).unwrap();
            let found = match wrapped(&record) {
                Some(Wrapped::Row { column, .. }) => column,
                Some(Wrapped::Message(kind)) => kind,
                None => "",
            };
            assert_eq!(found, expected, "{text}");
        }
    }
}
