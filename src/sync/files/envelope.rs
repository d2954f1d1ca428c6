//! Envelopes: objects such as `{"object":"list","data":[…]}` that stand for the records in their list.

use memchr::memchr;

use crate::sync::json::Json;

/// Names of the list.
const LISTS: &[&str] = &["data", "results", "batch", "events"];
/// What an envelope may say beside it.
const FIELDS: &[&str] = &[
    "object",
    "url",
    "has_more",
    "next_page",
    "previous_page",
    "total_count",
    "count",
    "next",
    "previous",
    "api_key",
    "historical_migration",
    "sent_at",
];

/// True if what lies before a `[` is the head of an envelope, not of a record.
pub fn is_head(head: &[u8]) -> bool {
    let name = head.trim_ascii_end().strip_suffix(b":").map(<[u8]>::trim_ascii_end);
    let is_list = |name: &[u8]| {
        LISTS.iter().any(|list| {
            let name = name.strip_suffix(b"\"").and_then(|n| n.strip_suffix(list.as_bytes()));
            name.is_some_and(|name| name.ends_with(b"\""))
        })
    };
    if !name.is_some_and(is_list) {
        return false;
    }
    let Ok(head) = std::str::from_utf8(head) else { return false };
    let closed = format!("{head}null}}");
    let Ok(envelope @ Json::Object(_)) = Json::parse(&closed) else { return false };
    let Json::Object(fields) = &envelope else { return false };
    let is_list = envelope.get_str("object").is_none_or(|o| o == "list" || o == "search_result");
    let (_, before) = fields.split_last().unzip();
    let before: &[_] = before.unwrap_or_default();
    is_list && before.iter().all(|(name, _)| FIELDS.contains(&&**name))
}

/// True if the first name of the object is one that envelopes have.
pub fn begins(object: &[u8]) -> bool {
    let name = object[1..].trim_ascii_start().strip_prefix(b"\"").unwrap_or_default();
    let name = &name[..memchr(b'"', name).unwrap_or(name.len())];
    LISTS.iter().chain(FIELDS).any(|known| known.as_bytes() == name)
}
