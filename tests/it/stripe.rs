//! Stripe objects, as small as a test needs them.

use serde_json::{Value, json};

/// A list response.
pub fn list(objects: &[Value]) -> String {
    json!({ "object": "list", "has_more": false, "url": "/v1", "data": objects }).to_string()
}

/// A customer of live mode; `rest` adds and replaces fields.
pub fn customer(id: &str, created: i64, email: Option<&str>, rest: Value) -> Value {
    with(
        json!({
            "id": id, "object": "customer", "created": created, "email": email, "livemode": true,
            "metadata": {}, "test_clock": null,
        }),
        rest,
    )
}

/// An event that carries an object; `previous` are the attributes that it changed.
pub fn event(id: &str, name: &str, created: i64, object: Value, previous: Value) -> Value {
    json!({
        "id": id, "object": "event", "type": name, "created": created, "livemode": true,
        "api_version": "2025-09-30.clover",
        "data": { "object": object, "previous_attributes": previous },
    })
}

/// A subscription of live mode with one item.
pub fn subscription(id: &str, customer: &str, created: i64, rest: Value) -> Value {
    with(
        json!({
            "id": id, "object": "subscription", "customer": customer, "created": created,
            "start_date": created, "status": "active", "currency": "usd", "livemode": true,
            "trial_start": null, "trial_end": null, "ended_at": null, "canceled_at": null,
            "cancel_at_period_end": false, "metadata": {}, "test_clock": null,
            "items": { "object": "list", "has_more": false, "data": [] },
        }),
        rest,
    )
}

/// `object` with the fields of `rest`.
pub fn with(mut object: Value, rest: Value) -> Value {
    for (key, value) in rest.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}
