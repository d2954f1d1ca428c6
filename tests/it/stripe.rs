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

/// A paid invoice of live mode in the newer shape, for the sum of its lines.
pub fn invoice(
    id: &str,
    customer: &str,
    subscription: &str,
    created: i64,
    lines: &[Value],
    rest: Value,
) -> Value {
    let total: i64 = lines
        .iter()
        .map(|line| {
            let off = line["discount_amounts"].as_array().into_iter().flatten();
            let off: i64 = off.filter_map(|discount| discount["amount"].as_i64()).sum();
            line["amount"].as_i64().unwrap() - off
        })
        .sum();
    with(
        json!({
            "id": id, "object": "invoice", "customer": customer, "created": created,
            "status": "paid", "currency": "usd", "livemode": true, "total": total,
            "subtotal": total, "amount_due": total, "amount_paid": total, "amount_overpaid": 0,
            "status_transitions": { "finalized_at": created, "paid_at": created },
            "parent": { "type": "subscription_details",
                "subscription_details": { "subscription": subscription } },
            "lines": { "object": "list", "has_more": false, "data": lines },
        }),
        rest,
    )
}

/// The line of an invoice for a month of one unit at 3000; `unit_amount_decimal` and `proration` of
/// `rest` go where the newer shape has them.
pub fn line(subscription: &str, price: &str, from: i64, mut rest: Value) -> Value {
    let fields = rest.as_object_mut().unwrap();
    let unit_amount = fields.remove("unit_amount_decimal").unwrap_or_else(|| "3000".into());
    let proration = fields.remove("proration").unwrap_or_else(|| false.into());
    with(
        json!({
            "id": format!("il_{subscription}_{price}_{from}"), "object": "line_item",
            "amount": 3000, "currency": "usd", "quantity": 1, "discount_amounts": [],
            "period": { "start": from, "end": from + 30 * 86_400 },
            "parent": { "type": "subscription_item_details", "subscription_item_details": {
                "subscription": subscription, "subscription_item": format!("si_{price}"),
                "proration": proration } },
            "pricing": { "type": "price_details", "unit_amount_decimal": unit_amount,
                "price_details": { "price": price, "product": "prod_a" } },
        }),
        rest,
    )
}

/// A charge of live mode that paid an invoice, as both of them said up to 2025-02-24.
pub fn charge(id: &str, invoice: &str, amount: i64, created: i64, rest: Value) -> Value {
    with(
        json!({
            "id": id, "object": "charge", "invoice": invoice, "created": created,
            "amount": amount, "amount_captured": amount, "amount_refunded": 0, "currency": "usd",
            "status": "succeeded", "paid": true, "refunded": false, "livemode": true,
        }),
        rest,
    )
}
