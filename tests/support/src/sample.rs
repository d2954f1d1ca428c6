//! Objects of every resource with sense in them, in the shape of the world they go to.

use serde_json::{Value, json};

use crate::version::Generation;
use crate::world::World;

const DAY: i64 = 86_400;

impl World {
    /// Puts a small company there, without events: every resource has objects, one subscription has
    /// 12 items, one invoice 25 lines and one charge 12 refunds. `customers` of them pay.
    pub fn insert_sample(&mut self, customers: u32, start: i64) {
        let end = start + i64::from(customers) * DAY;
        let product = self.insert(
            "products",
            json!({ "name": "Team", "active": true,
            "created": start, "updated": start }),
        );
        let price = self.insert("prices", monthly_price(&product, 2_000, start));
        let tiered = json!({ "product": product, "currency": "usd", "type": "recurring",
            "active": true, "billing_scheme": "tiered", "tiers_mode": "graduated", "created": start,
            "recurring": { "interval": "month", "interval_count": 1, "usage_type": "licensed", "meter": null },
            "tiers": [
                { "flat_amount": null, "flat_amount_decimal": null, "unit_amount": 500,
                  "unit_amount_decimal": "500", "up_to": 10 },
                { "flat_amount": null, "flat_amount_decimal": null, "unit_amount": 400,
                  "unit_amount_decimal": "400", "up_to": null },
            ] });
        self.insert("prices", tiered);
        let mut old = monthly_price(&product, 1_500, start);
        old["active"] = false.into();
        self.insert("prices", old);
        self.insert(
            "plans",
            json!({ "product": product, "currency": "usd", "amount": 2_000,
            "amount_decimal": "2000", "active": true, "billing_scheme": "per_unit",
            "interval": "month", "interval_count": 1, "usage_type": "licensed", "created": start }),
        );
        let coupon = self.insert(
            "coupons",
            json!({ "duration": "repeating", "percent_off": 25.5,
            "duration_in_months": 3, "name": "25.5% off", "created": start, "times_redeemed": 1,
            "valid": true, "applies_to": { "products": [product] } }),
        );
        let promotion = match self.generation() {
            Generation::Basil => json!({ "promotion": { "type": "coupon", "coupon": coupon } }),
            Generation::Acacia => json!({ "coupon": self.object("coupons", &coupon) }),
        };
        let mut code = json!({ "code": "SPRING", "active": true, "created": start,
            "times_redeemed": 0, "max_redemptions": null, "expires_at": null });
        crate::world::lay(&mut code, promotion.as_object().expect("it is an object"));
        self.insert("promotion_codes", code);
        self.insert(
            "tax_rates",
            json!({ "display_name": "VAT", "percentage": 19.0,
            "inclusive": false, "active": true, "created": start }),
        );
        self.insert(
            "payouts",
            json!({ "amount": 1_000, "currency": "usd", "status": "paid",
            "created": start, "arrival_date": start + 2 * DAY, "type": "bank_account",
            "method": "standard", "automatic": true, "source_type": "card" }),
        );
        for number in 0..customers {
            self.insert_customer(number, &price, &coupon, start + i64::from(number) * DAY);
        }
        self.pass(end);
    }

    /// A customer with all that belongs to one.
    fn insert_customer(&mut self, number: u32, price: &str, coupon: &str, at: i64) {
        let customer = self.insert(
            "customers",
            json!({
                "email": format!("person{number}@company{number}.example.com"),
                "name": format!("Person {number}"), "created": at, "currency": "usd", "balance": 0,
            }),
        );
        self.insert(
            "tax_ids",
            json!({ "customer": customer, "type": "eu_vat",
            "value": "DE123456789", "country": "DE", "created": at,
            "owner": { "type": "customer", "customer": customer } }),
        );
        let method = self.insert(
            "payment_methods",
            json!({ "customer": customer, "type": "link",
            "link": { "email": null }, "created": at }),
        );
        let items = if number == 0 { 12 } else { 1 };
        let subscription = self.insert_subscription(&customer, price, coupon, items, at);
        let schedule = subscription_schedule(&customer, &subscription, price, at);
        self.insert("subscription_schedules", schedule);
        let lines = if number == 0 { 25 } else { 1 };
        let total = 2_000 * lines;
        let invoice = self.next_id("in");
        let intent = self.insert(
            "payment_intents",
            json!({ "amount": total, "currency": "usd",
            "customer": customer, "status": "succeeded", "created": at, "amount_received": total,
            "payment_method": method, "payment_method_types": ["link"],
            "capture_method": "automatic", "confirmation_method": "automatic" }),
        );
        let mut charge = json!({ "amount": total, "amount_captured": total, "amount_refunded": 0,
            "captured": true, "currency": "usd", "customer": customer, "payment_intent": intent,
            "status": "succeeded", "paid": true, "created": at, "payment_method": method });
        if self.generation() == Generation::Acacia {
            charge["invoice"] = invoice.clone().into();
        }
        let charge = self.insert("charges", charge);
        self.update_silently("payment_intents", &intent, json!({ "latest_charge": charge }));
        let mut object = self.invoice(&customer, &subscription, price, lines, at);
        object["id"] = invoice.clone().into();
        let paid = json!({ "status": "paid", "amount_paid": total, "amount_remaining": 0,
            "attempt_count": 1, "attempted": true, "number": format!("STAND-{number:04}"),
            "status_transitions": { "finalized_at": at, "paid_at": at,
                "marked_uncollectible_at": null, "voided_at": null } });
        crate::world::lay(&mut object, paid.as_object().expect("it is an object"));
        if self.generation() == Generation::Acacia {
            object["charge"] = charge.clone().into();
            object["payment_intent"] = intent.clone().into();
            object["paid"] = true.into();
        }
        self.insert("invoices", object);
        if self.generation() == Generation::Basil {
            self.insert(
                "invoice_payments",
                json!({ "invoice": invoice, "amount_paid": total,
                "amount_requested": total, "currency": "usd", "is_default": true, "status": "paid",
                "created": at, "payment": { "type": "payment_intent", "payment_intent": intent },
                "status_transitions": { "paid_at": at, "canceled_at": null } }),
            );
        }
        self.insert(
            "invoiceitems",
            json!({ "customer": customer, "amount": 500, "currency": "usd",
            "date": at, "period": { "start": at, "end": at }, "quantity": 1,
            "quantity_decimal": "1", "invoice": null, "description": "Set-up" }),
        );
        self.insert(
            "balance_transactions",
            json!({ "amount": total, "currency": "usd",
            "created": at, "available_on": at + 2 * DAY, "fee": 88, "net": total - 88,
            "type": "charge", "reporting_category": "charge", "status": "available",
            "source": charge, "balance_type": "payments", "fee_details": [] }),
        );
        let refunds = if number == 0 { 12 } else { number % 2 };
        for refund in 0..i64::from(refunds) {
            self.insert(
                "refunds",
                json!({ "charge": charge, "payment_intent": intent,
                "amount": 100, "currency": "usd", "status": "succeeded",
                "created": at + refund }),
            );
        }
        let refunded = 100 * i64::from(refunds);
        self.update_silently("charges", &charge, json!({ "amount_refunded": refunded }));
        if number % 3 == 0 {
            self.insert("disputes", dispute(&charge, &intent, total, at + DAY));
            self.update_silently("charges", &charge, json!({ "disputed": true }));
            let note = self.credit_note(&customer, &invoice, at);
            self.insert("credit_notes", note);
        }
    }

    /// A subscription with so many items, and a discount.
    pub(crate) fn insert_subscription(
        &mut self,
        customer: &str,
        price: &str,
        coupon: &str,
        items: u32,
        at: i64,
    ) -> String {
        let id = self.next_id("sub");
        let end = at + 30 * DAY;
        let is_new = self.generation() == Generation::Basil;
        let price = self.object("prices", price).unwrap_or_default();
        let items: Vec<Value> = (0..items)
            .map(|_| {
                let mut item = json!({ "id": self.next_id("si"), "object": "subscription_item",
                    "subscription": id, "price": price, "quantity": 1, "created": at,
                    "discounts": [], "metadata": {} });
                if is_new {
                    item["current_period_start"] = at.into();
                    item["current_period_end"] = end.into();
                }
                item
            })
            .collect();
        let mut discount = json!({ "id": self.next_id("di"), "object": "discount",
            "customer": customer, "subscription": id, "start": at, "end": null,
            "promotion_code": null });
        match is_new {
            true => discount["source"] = json!({ "type": "coupon", "coupon": coupon }),
            false => discount["coupon"] = self.object("coupons", coupon).unwrap_or_default(),
        }
        let mut object = json!({ "id": id, "customer": customer, "status": "active",
            "currency": "usd", "created": at, "start_date": at, "billing_cycle_anchor": at,
            "items": items, "discounts": [discount], "collection_method": "charge_automatically",
            "cancel_at_period_end": false, "metadata": {} });
        if is_new {
            object["billing_mode"] = json!({ "type": "classic" });
        } else {
            object["discount"] = object["discounts"][0].clone();
            object["current_period_start"] = at.into();
            object["current_period_end"] = end.into();
        }
        self.insert("subscriptions", object)
    }

    /// An open invoice of a subscription with so many lines.
    pub(crate) fn invoice(
        &mut self,
        customer: &str,
        subscription: &str,
        price: &str,
        lines: i64,
        at: i64,
    ) -> Value {
        let is_new = self.generation() == Generation::Basil;
        let id = self.next_id("in");
        let price = self.object("prices", price).unwrap_or_default();
        let item = self.object("subscriptions", subscription).unwrap_or_default()["items"]["data"]
            [0]["id"]
            .clone();
        let data: Vec<Value> = (0..lines)
            .map(|_| {
                let mut line = json!({ "id": self.next_id("il"), "object": "line_item",
                    "amount": 2_000, "currency": "usd", "description": "1 × Team", "quantity": 1,
                    "invoice": id, "livemode": self.is_live(), "subtotal": 2_000,
                    "discountable": true, "discounts": [], "metadata": {},
                    "period": { "start": at, "end": at + 30 * DAY } });
                let more = match is_new {
                    true => json!({
                        "parent": { "type": "subscription_item_details",
                            "invoice_item_details": null,
                            "subscription_item_details": { "subscription": subscription,
                                "subscription_item": item, "invoice_item": null,
                                "proration": false,
                                "proration_details": { "credited_items": null } } },
                        "pricing": { "type": "price_details",
                            "price_details": { "price": price["id"], "product": price["product"] },
                            "unit_amount_decimal": "2000" },
                        "quantity_decimal": "1" }),
                    false => json!({ "type": "subscription", "price": price,
                        "subscription": subscription, "subscription_item": item,
                        "proration": false, "amount_excluding_tax": 2_000 }),
                };
                crate::world::lay(&mut line, more.as_object().expect("it is an object"));
                line
            })
            .collect();
        let total = 2_000 * lines;
        let mut invoice = json!({ "id": id, "customer": customer, "status": "open",
            "currency": "usd", "created": at, "period_start": at, "period_end": at,
            "billing_reason": "subscription_cycle", "collection_method": "charge_automatically",
            "subtotal": total, "total": total, "amount_due": total, "amount_paid": 0,
            "amount_remaining": total, "attempt_count": 0, "lines": data, "discounts": [],
            "status_transitions": { "finalized_at": at, "paid_at": null,
                "marked_uncollectible_at": null, "voided_at": null } });
        match is_new {
            true => {
                invoice["parent"] = json!({ "type": "subscription_details", "quote_details": null,
                    "subscription_details": { "subscription": subscription, "metadata": {} } });
            }
            false => invoice["subscription"] = subscription.into(),
        }
        invoice
    }

    fn credit_note(&mut self, customer: &str, invoice: &str, at: i64) -> Value {
        let line = json!({ "id": self.next_id("cnli"), "object": "credit_note_line_item",
            "amount": 500, "description": "Credit", "discount_amount": 0, "discount_amounts": [],
            "livemode": self.is_live(), "quantity": 1, "tax_rates": [], "taxes": [],
            "pretax_credit_amounts": [], "type": "custom_line_item" });
        json!({ "customer": customer, "invoice": invoice, "amount": 500, "subtotal": 500,
            "total": 500, "currency": "usd", "created": at, "status": "issued",
            "type": "post_payment", "number": "STAND-CN-01", "lines": [line],
            "pdf": "https://pay.stripe.com/credit_notes/pdf", "post_payment_amount": 500 })
    }
}

fn monthly_price(product: &str, amount: i64, at: i64) -> Value {
    json!({ "product": product, "currency": "usd", "type": "recurring", "active": true,
        "billing_scheme": "per_unit", "unit_amount": amount,
        "unit_amount_decimal": amount.to_string(), "created": at,
        "recurring": { "interval": "month", "interval_count": 1, "usage_type": "licensed", "meter": null } })
}

fn dispute(charge: &str, intent: &str, amount: i64, at: i64) -> Value {
    json!({ "charge": charge, "payment_intent": intent, "amount": amount, "currency": "usd",
        "reason": "fraudulent", "status": "needs_response", "created": at,
        "is_charge_refundable": false, "balance_transactions": [] })
}

fn subscription_schedule(customer: &str, subscription: &str, price: &str, at: i64) -> Value {
    json!({ "customer": customer, "subscription": subscription, "status": "active",
        "created": at, "end_behavior": "release",
        "current_phase": { "start_date": at, "end_date": at + 30 * DAY },
        "phases": [{ "start_date": at, "end_date": at + 30 * DAY, "currency": "usd",
            "items": [{ "price": price, "quantity": 1 }] }] })
}
