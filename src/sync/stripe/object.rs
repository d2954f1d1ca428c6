//! What a version of an object is: its table, its key, and what its carrier knows about it.

use super::column::unix_micros;
use super::resources::RESOURCES;
use crate::sync::json::Json;

pub const LIST: &str = "list";
pub const EVENT: &str = "event";
pub const EMBEDDED: &str = "embedded";

/// Position in [`RESOURCES`] of the table that keeps the object; `None` for kinds that are not
/// kept, and for objects without an id.
pub fn table_of(object: &Json<'_>) -> Option<usize> {
    let kind = object.get_str("object")?;
    object.get_str("id")?;
    RESOURCES.iter().position(|resource| resource.objects.contains(&kind))
}

/// True if the value is the plan that old API versions repeat beside the price it became.
pub fn is_twin(plan: &Json<'_>, price: Option<&Json<'_>>) -> bool {
    let id = plan.get_str("id");
    id.is_some() && price.is_some_and(|price| price.get_str("id") == id)
}

pub fn boolean(object: &Json<'_>, field: &str) -> Option<bool> {
    match object.get(field)? {
        Json::Bool(value) => Some(*value),
        _ => None,
    }
}

/// The first 128 bits of blake3 over kind, id, content and what keeps it apart, each closed by a
/// zero byte.
///
/// An event never changes; only its count of deliveries does, so its id is its content.
pub fn key(object: &Json<'_>, canonical: &str, apart: Option<&str>) -> [u8; 16] {
    let kind = object.get_str("object").unwrap_or_default();
    let content = if kind == "event" { "" } else { canonical };
    let mut hasher = blake3::Hasher::new();
    for part in [kind, object.get_str("id").unwrap_or_default(), content] {
        hasher.update(part.as_bytes());
        hasher.update(&[0]);
    }
    hasher.update(apart.unwrap_or_default().as_bytes());
    first_128(&hasher)
}

/// The 16 bytes that tell one row from another.
pub fn first_128(hasher: &blake3::Hasher) -> [u8; 16] {
    let mut key = [0; 16];
    hasher.finalize_xof().fill(&mut key);
    key
}

/// How a version came to us, and what that says about its time.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    pub source: &'static str,
    /// The event that the version is the payload of.
    event: Option<&'a Json<'a>>,
    pub known_from: Option<i64>,
    /// `None` leaves it to the latest fact in the object.
    pub observed_at: Option<i64>,
    livemode: Option<bool>,
    /// Of the row, where the object does not say.
    pub api_version: Option<&'a str>,
    /// What makes it a row of its own beside one with the same content: the event's id, or the
    /// listing after a gap in the events, in which the object may have changed there and back.
    pub apart: Option<&'a str>,
}

/// When and how an API gave an object.
#[derive(Debug, Clone, Copy)]
pub struct Answered<'a> {
    /// µs.
    pub at: i64,
    pub api_version: &'a str,
    /// The gap after which it was listed again.
    pub gap: Option<&'a str>,
}

impl<'a> Origin<'a> {
    /// An object of a list: known since it exists.
    pub fn list(object: &Json<'_>) -> Self {
        Self {
            source: LIST,
            event: None,
            known_from: born_at(object),
            observed_at: None,
            livemode: None,
            api_version: None,
            apart: None,
        }
    }

    /// An object of a list that the source gave at a known time: that is how it was then.
    pub fn answered(object: &Json<'_>, answer: Answered<'a>) -> Self {
        Self {
            observed_at: Some(answer.at),
            api_version: Some(answer.api_version),
            apart: answer.gap,
            ..Self::list(object)
        }
    }

    /// The object that an event carries: known since the event.
    pub fn event(event: &'a Json<'a>) -> Self {
        let created = micros(event, "created");
        Self {
            source: EVENT,
            event: Some(event),
            known_from: created,
            observed_at: created,
            livemode: boolean(event, "livemode"),
            api_version: event.get_str("api_version"),
            apart: event.get_str("id"),
        }
    }

    /// What is embedded in `carrier`, whose own row was observed at that time.
    pub fn inside(&self, carrier: &Json<'_>, observed_at: i64) -> Self {
        Self {
            source: EMBEDDED,
            event: None,
            known_from: self.known_from,
            observed_at: Some(observed_at),
            livemode: self.livemode_of(carrier),
            api_version: None,
            apart: None,
        }
    }

    /// The same for one embedded object, which may tell itself since when it exists.
    pub fn embedding(&self, object: &Json<'_>) -> Self {
        Self { known_from: born_at(object).or(self.known_from), ..*self }
    }

    pub fn livemode_of(&self, object: &Json<'_>) -> Option<bool> {
        boolean(object, "livemode").or(self.livemode)
    }

    pub fn event_text(&self, field: &str) -> Option<&'a str> {
        self.event?.get_str(field)
    }

    pub fn previous_attributes(&self) -> Option<String> {
        let previous = self.event?.get("data")?.get("previous_attributes")?;
        (*previous != Json::Null).then(|| previous.to_compact())
    }

    /// True if this version says that the object is gone. The end of a subscription is called
    /// `customer.subscription.deleted`, but the subscription stays.
    pub fn deletes(&self, object: &Json<'_>) -> bool {
        let deleted_kind = self.event_text("type").and_then(|name| name.strip_suffix(".deleted"));
        let deleted_kind = deleted_kind.and_then(|name| name.rsplit('.').next());
        boolean(object, "deleted") == Some(true)
            || deleted_kind.is_some_and(|kind| {
                kind != "subscription" && object.get_str("object") == Some(kind)
            })
    }
}

/// When the object came to be; a discount when it was applied.
fn born_at(object: &Json<'_>) -> Option<i64> {
    micros(object, "created").or_else(|| match object.get_str("object") {
        Some("discount") => micros(object, "start"),
        _ => None,
    })
}

fn micros(object: &Json<'_>, field: &str) -> Option<i64> {
    match object.get(field)? {
        Json::Number(text) => unix_micros(text),
        _ => None,
    }
}
