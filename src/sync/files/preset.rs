//! Exports of other tools for product events: where each keeps what an event needs, and how its
//! records are known. One entry a tool.

use serde::Deserialize;

use crate::sync::json::Json;

/// A tool whose exports are known, by its name in `paydirt.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Preset {
    Segment,
    Rudderstack,
    Amplitude,
    Mixpanel,
}

/// The places of one tool. Of several, the first counts that holds something.
pub struct Shape {
    /// The `source` of its events where no entry names one.
    pub name: &'static str,
    /// What its files are called, by container.
    formats: [(&'static str, &'static str); 3],
    /// By target, in the order of `TARGETS`.
    pub places: [&'static [&'static str]; 9],
    /// Columns that hold objects, in tables as text.
    pub objects: &'static [&'static str],
    pub groups: Option<&'static str>,
    /// What the user was like at the time.
    pub person: Option<&'static str>,
    /// Whether records with a `messageId` are calls, whose `type` says of what kind.
    pub has_calls: bool,
    /// Columns that say nothing about the event.
    dropped: &'static [&'static str],
    /// Events by which the tool itself notes who somebody is.
    pub bookkeeping: &'static [&'static str],
    /// An id is one only together with event, time and user.
    pub is_id_partial: bool,
    /// Times that are numbers may be those of another zone.
    pub are_numbers_local: bool,
}

/// Segment's calls as objects in a bucket, and as tables of a warehouse; RudderStack has both too.
const CALLS: Shape = Shape {
    name: "segment",
    formats: [("json", "segment json"), ("csv", "segment csv"), ("parquet", "segment parquet")],
    places: [
        &["event_text", "event"],
        &["timestamp", "originalTimestamp", "original_timestamp", "sentAt", "sent_at"],
        &["userId", "user_id", "anonymousId", "anonymous_id"],
        &[
            "context.traits.email",
            "traits.email",
            "properties.email",
            "context_traits_email",
            "email",
        ],
        &["context.groupId", "context_group_id", "groupId", "group_id"],
        &[
            "context.traits.stripe_customer_id",
            "properties.stripe_customer_id",
            "context_traits_stripe_customer_id",
            "stripe_customer_id",
        ],
        &["messageId", "message_id", "id"],
        &["properties"],
        &["receivedAt", "received_at"],
    ],
    objects: &["properties", "context", "traits"],
    groups: None,
    person: None,
    has_calls: true,
    dropped: &["uuid_ts", "loaded_at"],
    bookkeeping: &[],
    is_id_partial: false,
    are_numbers_local: false,
};

const RUDDERSTACK: Shape = Shape {
    name: "rudderstack",
    formats: [
        ("json", "rudderstack json"),
        ("csv", "rudderstack csv"),
        ("parquet", "rudderstack parquet"),
    ],
    ..CALLS
};

const AMPLITUDE: Shape = Shape {
    name: "amplitude",
    formats: [
        ("json", "amplitude json"),
        ("csv", "amplitude csv"),
        ("parquet", "amplitude parquet"),
    ],
    places: [
        &["event_type"],
        &["event_time", "client_event_time"],
        &["user_id", "device_id", "amplitude_id"],
        &["user_properties.email", "user_properties.Email", "event_properties.email"],
        &[],
        &["user_properties.stripe_customer_id", "event_properties.stripe_customer_id"],
        &["uuid", "$insert_id"],
        &["event_properties"],
        &["server_upload_time", "server_received_time"],
    ],
    objects: &["event_properties", "user_properties", "groups"],
    groups: Some("groups"),
    person: Some("user_properties"),
    has_calls: false,
    dropped: &["$schema", "_schema", "data", "amplitude_event_type"],
    bookkeeping: &["$identify", "$groupidentify"],
    is_id_partial: false,
    are_numbers_local: false,
};

/// Mixpanel's raw export, and the flat records of its pipelines into buckets.
const MIXPANEL: Shape = Shape {
    name: "mixpanel",
    formats: [("json", "mixpanel json"), ("csv", "mixpanel csv"), ("parquet", "mixpanel parquet")],
    places: [
        &["event", "event_name"],
        &["properties.time", "time"],
        &[
            "properties.$user_id",
            "properties.distinct_id",
            "properties.$device_id",
            "$user_id",
            "user_id",
            "distinct_id",
            "$device_id",
            "device_id",
        ],
        &["properties.$email", "properties.email", "$email", "email"],
        &[],
        &["properties.stripe_customer_id", "stripe_customer_id"],
        &["properties.$insert_id", "$insert_id", "insert_id"],
        &["properties"],
        &["properties.mp_processing_time_ms", "mp_processing_time_ms"],
    ],
    objects: &["properties"],
    groups: None,
    person: None,
    has_calls: false,
    dropped: &[],
    bookkeeping: &["$identify", "$create_alias", "$merge"],
    // Mixpanel's own way to find what it exports twice.
    is_id_partial: true,
    are_numbers_local: true,
};

/// Calls that say what somebody did, and all there are.
const ACTS: &[&str] = &["track", "page", "screen"];
const CALL_KINDS: &[&str] = &["track", "page", "screen", "identify", "group", "alias"];
/// What a call carries for whoever passes it on.
const OF_A_CALL: &[&str] = &["type", "integrations", "_metadata", "version", "writeKey"];

impl Preset {
    pub fn shape(self) -> &'static Shape {
        match self {
            Preset::Segment => &CALLS,
            Preset::Rudderstack => &RUDDERSTACK,
            Preset::Amplitude => &AMPLITUDE,
            Preset::Mixpanel => &MIXPANEL,
        }
    }

    /// The tool that the record is certainly from, by its fields.
    pub fn of(record: &Json<'_>) -> Option<Self> {
        let has = |name: &str| record.get(name).is_some();
        let has_one = |names: &[&str]| names.iter().any(|name| has(name));
        let is_call = || {
            let kind = record.get_str("type").unwrap_or_default().to_ascii_lowercase();
            CALL_KINDS.contains(&&*kind)
                && has_one(&["originalTimestamp", "receivedAt", "sentAt", "timestamp"])
        };
        // Tables of a warehouse: no other tool has these columns beside each other.
        let is_table = || {
            has("id")
                && has("received_at")
                && has("sent_at")
                && has("timestamp")
                && has_one(&["anonymous_id", "user_id"])
                && has_one(&["original_timestamp", "context_library_name"])
        };
        if (has("messageId") && is_call()) || is_table() {
            let library = record.get("context").and_then(|context| context.get("library"));
            let library = library.and_then(|library| library.get_str("name"));
            let library = library.or_else(|| record.get_str("context_library_name"));
            let is_rudder = has_one(&["rudderId", "request_ip", "context_sources_version"])
                || library.is_some_and(|name| name.to_ascii_lowercase().contains("rudder"));
            return Some(if is_rudder { Preset::Rudderstack } else { Preset::Segment });
        }
        if has("event_type")
            && has("event_time")
            && has_one(&["amplitude_id", "$insert_id", "server_upload_time"])
        {
            return Some(Preset::Amplitude);
        }
        let properties = record.get("properties").filter(|_| has("event") && !has("timestamp"));
        let is_raw = properties.is_some_and(|properties| {
            let has = |name: &str| properties.get(name).is_some();
            has("time")
                && (has("mp_processing_time_ms") || (has("$insert_id") && has("distinct_id")))
        });
        let is_flat = || {
            has_one(&["event", "event_name"])
                && has("time")
                && has("distinct_id")
                && has("mp_processing_time_ms")
        };
        (is_raw || is_flat()).then_some(Preset::Mixpanel)
    }
}

impl Shape {
    pub fn format(&self, container: &str) -> &'static str {
        let format = self.formats.iter().find(|(known, _)| *known == container);
        format.map_or(self.name, |(_, format)| format)
    }

    /// Whether the call or the event of that name is what somebody did; else what it is, for a
    /// sentence.
    pub fn left_out(&self, kind: Option<&str>, event: Option<&str>) -> Option<String> {
        if let Some(kind) = kind.filter(|kind| !ACTS.contains(kind)) {
            return Some(format!("{kind} calls"));
        }
        let event = event.filter(|event| self.bookkeeping.contains(event))?;
        Some(format!("{event} events"))
    }

    /// The kind of a call, if the record is one.
    pub fn kind(&self, record: &Json<'_>) -> Option<String> {
        let is_call = self.has_calls && record.get("messageId").is_some();
        record.get_str("type").filter(|_| is_call).map(str::to_ascii_lowercase)
    }

    /// Whether a column is read by itself and no property.
    pub fn takes(&self, column: &str, is_call: bool) -> bool {
        self.dropped.contains(&column)
            || is_call && OF_A_CALL.contains(&column)
            || self.objects.contains(&column) && column != "context" && column != "traits"
            || self.places.iter().any(|places| places.contains(&column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_known_by_its_fields_and_nothing_else_is() {
        let known = |text: &str| Preset::of(&Json::parse(text).unwrap());
        let cases = [
            (
                r#"{"type":"track","messageId":"m","event":"x","receivedAt":"t"}"#,
                Some(Preset::Segment),
            ),
            (
                r#"{"type":"identify","messageId":"m","sentAt":"t","rudderId":"r"}"#,
                Some(Preset::Rudderstack),
            ),
            (
                r#"{"id":"m","received_at":"t","sent_at":"t","timestamp":"t","user_id":"u",
                    "original_timestamp":"t","event":"x","context_library_name":"RudderLabs JS"}"#,
                Some(Preset::Rudderstack),
            ),
            (r#"{"event_type":"x","event_time":"t","$insert_id":"i"}"#, Some(Preset::Amplitude)),
            (
                r#"{"event":"x","properties":{"time":1,"distinct_id":"u","$insert_id":"i"}}"#,
                Some(Preset::Mixpanel),
            ),
            (r#"{"event":"x","properties":{"time":1},"user_id":"u"}"#, None),
            (r#"{"type":"track","messageId":"m","event":"x"}"#, None),
            (r#"{"id":1,"event":"x","timestamp":"t","user_id":"u","received_at":"t"}"#, None),
            (r#"{"event_type":"x","event_time":"t","user_id":"u"}"#, None),
        ];
        for (text, expected) in cases {
            assert_eq!(known(text), expected, "{text}");
        }
    }
}
